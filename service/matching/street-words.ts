/** How the parts of a street address are abbreviated; the short form is kept. */
const TYPES = `
st street str
ave avenue av aven
blvd boulevard boul blv
rd road
dr drive drv
ln lane
ct court crt
pl place plc
sq square
ter terrace terr
pkwy parkway pky
hwy highway hiway
cir circle circ
cres crescent crs
way wy
expy expressway expwy
trl trail
aly alley
plz plaza
walk
row
close cl
gdns gardens gdn garden
grove grv gr
mews
wharf
rue
allee
strasse
platz
weg
via
viale
piazza
calle
avenida avda
carrer
plein
straat
laan
gata gatan
`;
const DIRECTIONS = `
n north
s south
e east
w west
ne northeast
nw northwest
se southeast
sw southwest
`;
const ORDINALS =
  "1st first|2nd second|3rd third|4th fourth|5th fifth|6th sixth|7th seventh|8th eighth|9th ninth|10th tenth|11th eleventh|12th twelfth";

function table(lines: string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const line of lines) {
    const [kept, ...others] = line.split(" ");
    if (kept === undefined) continue;
    map.set(kept, kept);
    for (const other of others) map.set(other, kept);
  }
  return map;
}

export const STREET_TYPES = table(TYPES.trim().split("\n"));
export const STREET_DIRECTIONS = table(DIRECTIONS.trim().split("\n"));
export const STREET_ORDINALS = table(ORDINALS.split("|"));

/** Where the building ends and the room in it begins: from here on the address says nothing about the street. */
export const UNIT_WORDS: ReadonlySet<string> = new Set(
  "suite ste apt apartment unit room rm floor fl flr etage stock bldg building dept department po pobox box lot trlr office level piso of flat bsmt".split(
    " ",
  ),
);
