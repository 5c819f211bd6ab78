/** Words of company names that are written in several ways, and words that many companies share. */

/** Each line: the form kept, then what it replaces. Two-word forms open up compounds written either way. */
const SPELLINGS = `
international intl internatl
national natl
association assn assoc assocs associations
associates asscs
services svcs svc service serv servs srvcs
center ctr centre centers ctrs cntr centres zentrum centro
academy acad
university univ uni universitat universite universidad universita universiteit
institute inst institut instituto
department dept
manufacturing mfg mfr
manufacturers mfrs
brothers bros gebruder gebr
management mgmt mgt
technologies tech technology techs
systems sys system
solutions soln solns solution
engineering engrg engr
laboratories labs lab laboratory
development dev devel dvlpmt
developments devs
community comm communities
communications comms communication
construction constr const
industries ind industry indus
insurance ins
financial fin
government govt gov
hospital hosp
hospitals hosps
medical med
education educ
elementary elem
equipment equip
distribution dist distrib distributors distributing
enterprises ent enterprise entpr
group grp gruppe groupe grupo gruppo
holdings hldgs holding hldg
investments inv invt invest investment
partners ptnrs ptrs partner
products prods prod
properties props prop
pharmaceuticals pharma pharm pharmaceutical
transportation transp transport
logistics log logistik logistique
school sch schl schools
society soc societe
saint st ste
mount mt
fort ft
street str
north n
south s
east e
west w
metropolitan metro
american amer
americas ams
corporate corporation's
company companies
restaurant rest restaurants
and et y und en og och e
kindergarten kinder
child children childrens kids kid
automotive auto
electric elec electrical
electronics elect electronic
energy energie energia
bank banque banco banca banken
consulting consultants consultancy cons consultant
marketing mktg
mechanical mech
accounting acctg accountants
architects arch architecture
advertising advtg adv
foundation fdn fndn foundations stiftung fondation fundacion
library libr
market mkt
memorial mem meml
church ch
county cnty
district distr
junction jct
`;

const COMPOUNDS: Record<string, string> = {
  daycare: "day care",
  childcare: "child care",
  healthcare: "health care",
  preschool: "pre school",
  prekindergarten: "pre kindergarten",
  afterschool: "after school",
  online: "on line",
  realty: "real estate",
  hightech: "high technologies",
  ecommerce: "e commerce",
  cooperative: "coop",
};

/** Words so common in company names that sharing one says little. */
const COMMON = `
and of the for at in on to by a an de la le les des du del der die das von van and
international national global world group holdings services solutions systems technologies industries enterprises partners
associates association consulting management company center institute academy university school college community society
foundation club council agency office bank insurance financial investments capital trust fund properties real estate
construction engineering manufacturing products equipment distribution transportation logistics energy electric electronics
medical health care hospital clinic pharmaceuticals laboratories dental education learning training elementary pre
kindergarten child day care family youth early childhood development program programs project network media
communications marketing advertising design studio studios digital data software internet web mobile cloud online on line
restaurant hotel cafe bar grill kitchen food foods shop store market supply trading imports exports retail wholesale
north south east west central northern southern eastern western new old first united american metropolitan city county
state public private general advanced professional quality premier best total home house street site location branch
department division headquarters church saint library museum usa us uk america europe european asia pacific
africa canada india china germany france chicago london york angeles paris berlin texas california florida illinois
head start house infant toddler head state
`;

const spellings = new Map<string, string>();
for (const line of SPELLINGS.trim().split("\n")) {
  const [kept, ...others] = line.split(" ");
  if (kept !== undefined) for (const other of others) spellings.set(other, kept);
}
for (const [joined, open] of Object.entries(COMPOUNDS)) spellings.set(joined, open);

export const COMPANY_SPELLINGS: ReadonlyMap<string, string> = spellings;
export const COMMON_WORDS: ReadonlySet<string> = new Set(COMMON.trim().split(/\s+/));

const GLUE = new Set("and of the for at in on to by a an de la le les des du del der die das von van".split(" "));

/** How much a word says about which company is meant: 1 for a name of its own, less for what many share. */
export function wordWeight(word: string): number {
  if (GLUE.has(word)) return 0.15;
  return COMMON_WORDS.has(word) ? 0.4 : 1;
}
