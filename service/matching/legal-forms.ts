import { fold } from "./fold.ts";

/**
 * Legal forms of companies by where they are common, as people write them. They say what a company is, not which one:
 * normalising a company's name drops them from its end (and, for the few that lead, from its beginning).
 */
const TRAILING: Record<string, string> = {
  english:
    "inc|incorporated|corp|corporation|co|company|ltd|limited|llc|l l c|limited liability company|llp|limited liability partnership|" +
    "lp|limited partnership|lllp|plc|public limited company|pc|professional corporation|pllc|pa|pty|pty ltd|pty limited|proprietary limited|pvt|" +
    "pvt ltd|private limited|ulc|unlimited|cic|cio|gp|general partnership|ltd co|co ltd|company limited|co llc|dba|np|npc|rlllp|ltda co",
  german:
    "gmbh|ggmbh|mbh|gmbh co kg|gmbh und co kg|gmbh and co kg|gmbh co kgaa|gmbh und co ohg|ag|ag co kg|ag und co kg|ag and co kg|kg|kgaa|ohg|gbr|ug|ug haftungsbeschrankt|haftungsbeschrankt|" +
    "se|se co kg|se und co kg|se and co kg|eg|ev|e v|ek|e k|e kfm|eingetragener verein|aktiengesellschaft|gesellschaft mbh|gesellschaft mit beschrankter haftung|kommanditgesellschaft|vvag|partg|partg mbb|partgmbb|gesmbh|ges m b h|og|keg|stiftung co kg",
  french:
    "sa|sarl|s a r l|sas|sasu|eurl|snc|sci|scs|sca|scp|scop|selarl|societe anonyme|societe par actions simplifiee|societe a responsabilite limitee|gie|earl|sccv",
  spanish:
    "sl|slu|s l u|sau|sll|sociedad limitada|sociedad anonima|sc|scoop|sa de cv|s a de c v|sapi de cv|s de rl|s de rl de cv|s de r l de c v|sas de cv|srl de cv|spr|cxa|eirl|e i r l|sac|saa|saic|sacif|ltda|cia ltda|spa",
  portuguese: "lda|limitada|ltda me|ltda epp|eireli|epp|unipessoal lda|sgps|sgps sa|cia|s a|sa cv",
  italian:
    "srl|s r l|srls|snc di|sas di|sapa|scarl|scrl|soc coop|societa per azioni|societa a responsabilita limitata|onlus|stp|cooperativa",
  dutch:
    "bv|nv|vof|cv|bvba|cvba|sprl|scrl|ebvba|comm v|maatschap|besloten vennootschap|naamloze vennootschap|asbl|vzw|srl bv|cvoa",
  nordic:
    "ab|aktiebolag|publ|ab publ|hb|kb|as|a s|asa|aps|i s|k s|p s|ivs|amba|oy|oyj|oy ab|ky|tmi|osk|osakeyhtio|ehf|hf|ans|sf|ba|nuf|enk|ek for|ekonomisk forening|fmba",
  eastern:
    "sp z o o|spolka z o o|sp zoo|spzoo|sp j|sp k|sp p|spolka akcyjna|spolka jawna|sro|s r o|spol s r o|spol sro|a s cz|vos|ks|kft|bt|zrt|nyrt|rt|kkt|doo|d o o|dd|d d|ad|ead|ood|eood|jsc|ojsc|cjsc|pjsc|oao|zao|pao|tov|tzov|pp|uab|ab lt|mb|sia|as lv|ou|fie|srl ro|pfa|jdoo|jtd|ltd sti|anonim sirketi|limited sirketi|san ve tic|san ve tic ltd sti|san ve tic as|tic ltd sti|a o",
  southern: "ae|epe|ike|oe|ee|abee|anonimi etairia|monoprosopi epe",
  asian:
    "kk|k k|kabushiki kaisha|yk|gk|godo kaisha|co ltd kr|bhd|sdn bhd|berhad|tbk|persero|pte|pte ltd|pte limited|private ltd|pvt limited|jsc vn|tnhh|cong ty tnhh|pcl|public company limited|opc|lao|wll|w l l|fzc|fzco|fze|fz llc|fzllc|dmcc|psc|pjs|saog|saoc|bsc|ksc|kscp|qsc|spc|sal|sae|s a e|sal offshore",
  african: "cc|npo|soc ltd|ste|suarl|gte|sarlu",
};

/** Forms written before the name: "OOO Romashka", "PT Astra", "AB Volvo". */
const LEADING =
  "ooo|oao|zao|pao|ao|tov|pt|ab|as|cv|ud|uab|sia|ou|ta|kabushiki kaisha|sarl|sas|sci|cong ty tnhh|cong ty co phan|soc coop|fa|firma";

// Without spaces: "sp. z o.o.", "Sp zoo" and "spzoo" are one entry.
function table(rows: string[]): ReadonlySet<string> {
  return new Set(rows.flatMap((row) => row.split("|")).map((form) => fold(form).replaceAll(" ", "")));
}

export const TRAILING_FORMS = table(Object.values(TRAILING));
export const LEADING_FORMS = table([LEADING]);

/** How many words back a form can begin: one spelt in single letters has many. */
export const LONGEST_FORM = 8;
