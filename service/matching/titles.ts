/** Words around a person's name that are not part of it, and the short forms of job titles. */
export const SALUTATIONS: ReadonlySet<string> = new Set(
  `mr mrs ms miss mx dr prof professor sir madam dame lord lady rev reverend fr father sister hon judge capt captain col colonel maj major lt sgt gen
herr frau hr fr dipl ing mag doktor monsieur mme madame mlle m senor sr senora sra srta don dona sig signor signora dott ing dhr mevr mw drs ir pan pani`.split(
    /\s+/,
  ),
);

export const NAME_SUFFIXES: ReadonlySet<string> = new Set(
  "jr junior sr senior ii iii iv phd md mba esq cpa dds dvm jd rn bsc msc ba ma bs ms llm dphil pe pmp cfa obe mbe kbe".split(
    " ",
  ),
);

/** Small words that belong to the family name after them: "van der Berg", "de la Cruz". */
export const NAME_PARTICLES: ReadonlySet<string> = new Set(
  "van von der den de del della di da dos das du la le el al bin ibn ben st ter ten zu zur af av mac mc o".split(" "),
);

export const JOB_SPELLINGS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    vp: "vice president",
    svp: "senior vice president",
    evp: "executive vice president",
    avp: "assistant vice president",
    ceo: "chief executive officer",
    cfo: "chief financial officer",
    cto: "chief technology officer",
    cio: "chief information officer",
    coo: "chief operating officer",
    cmo: "chief marketing officer",
    cro: "chief revenue officer",
    cpo: "chief product officer",
    ciso: "chief information security officer",
    md: "managing director",
    gm: "general manager",
    dir: "director",
    mgr: "manager",
    mngr: "manager",
    sr: "senior",
    snr: "senior",
    jr: "junior",
    eng: "engineer",
    engr: "engineer",
    dev: "developer",
    exec: "executive",
    asst: "assistant",
    assoc: "associate",
    admin: "administrator",
    coord: "coordinator",
    mktg: "marketing",
    ops: "operations",
    acct: "account",
    pres: "president",
    gf: "managing director",
    geschaftsfuhrer: "managing director",
    geschaftsfuhrerin: "managing director",
  }),
);
