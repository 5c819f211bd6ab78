/**
 * Names people use for one another's full names, one class a line, the fullest form first. A name may stand in several
 * classes ("alex", "chris", "sasha"); two names agree when they share one. Spelling variants count as members.
 */
const CLASSES = `
robert rob robbie robby bob bobby bert roberto rupert robertus rober
william will bill billy willie willy liam wim willem wilhelm guillaume guillermo guglielmo wiliam
richard rick ricky dick rich richie ricardo riccardo rikard ritchie
james jim jimmy jamie jaime jem jimmie
john jon johnny jack johnnie jonny jan johan johann johannes juan giovanni jean ivan ian sean hans jens jock jonn joao yohann
jonathan jon jonny johnathan jonathon jonatan nathan
joseph joe joey jo josef jose giuseppe josep jozef pepe jef sepp
michael mike mick mickey mikey micky michel miguel michele mikael mikhail michal mischa misha mihai micheal
david dave davey davy davide dawid davie
thomas tom tommy thom tomas tommaso tomasz
charles charlie chuck chas carl karl carlos carlo charley karel karol
christopher chris kit topher christoph christophe cristobal kristoffer christof kristof
christian chris kristian cristian christiaan
christina chris chrissy tina kristina cristina christine kristine kristin kirsten chrissie
daniel dan danny dani daniele danilo
matthew matt matty mathew mathieu matthias mateo matteo mateusz mats mathias
anthony tony anton antonio antoine ant antony toni antoni
andrew andy drew andreas andre andrea andres andrzej andrei andrej anders
edward ed eddie eddy ted ned teddy eduardo edouard eduard edvard ward
theodore ted teddy theo theodor
theodora thea dora
edmund ed eddie ned
edwin ed eddie ned
steven steve stevie stephen stefan stephan stephane esteban stefano steffen stijn
kenneth ken kenny
ronald ron ronnie ronny
donald don donnie donny
timothy tim timmy timo
gregory greg gregg gregor gregoire gregorio grzegorz
jeffrey jeff geoff geoffrey jeffery
gerald gerry jerry gerhard gerard gerd geraldo
jerome jerry jeronimo hieronymus
jeremy jerry jem jeremiah jeremias
lawrence larry laurence lorenzo laurent lars lorenz laurens lawrie
leonard len lenny leo leonardo leon
leo leon lionel
samuel sam sammy samuele
samantha sam sammy
benjamin ben benny benji benjy benjamim
benedict ben benedikt benoit benito bennett
nicholas nick nicky nico niklas nicolas nikolaus klaus claus nicola nicolai nikolai niels nils miklos nikolas
alexander alex al sandy alec alexandre alessandro alejandro sasha xander sander aleksander aleksandr lex alexandros
alexandra alex sandra sandy lexi alexa alessandra alejandra sasha aleksandra
albert al bert bertie alberto albrecht
alfred al fred alf freddie alfredo alfie
alan al allan allen alain
alvin al alwin
frederick fred freddie freddy fritz friedrich frederic federico fredrik frederik rick
francis frank fran francisco francesco franz francois paco pancho frans franciszek franco
franklin frank
frances fran frannie fanny francesca francoise francisca franziska
george georg jorge giorgio georges jurgen joris jerzy yuri geordie
henry harry hank hal heinrich henri enrique enrico hendrik heinz henrik henk
harold harry hal harald
harrison harry
peter pete pietro pedro pierre piotr petr pieter petrus per piet
patrick pat paddy rick patrik patricio patrizio
patricia pat patty trish tricia patti patrizia
paul pablo paolo pawel pavel paulo pal poul
paula pauline paulina paola
phillip phil philip filip felipe filippo philippe pip
raymond ray raimund ramon raymundo
reginald reg reggie rex
roger rog rodge rogier rogelio ruggero
rudolf rudi rudy rolf ruud rudolph rodolfo
russell russ rusty
stanley stan stanislaw stanislav
terence terry terrence
theresa terry teri tess tessa tracy teresa therese terezia
vincent vince vinny vicente vincenzo vin
victor vic viktor vittorio
victoria vicky vicki tori vickie viktoria vittoria
walter walt wally walther gualtiero wouter
wallace wally
zachary zach zack zak zachariah
abraham abe bram avraham
abigail abby gail abbie
adelaide addie adele heidi adelheid
agnes aggie ines inez agnieszka
amanda mandy manda
amelia amy millie emily mia
emily em emmy emilia emilie
andrea andi andie
angela angie angel angelika angelica
ann anne anna annie nan nancy anja anita hannah ana anne marie annette anika anka ania
antoinette toni tony nettie antonia
arthur art artie arturo artur
augustus gus augustine august augusto agustin
barbara barb babs barbie bobbie basia
beatrice bea trixie beatrix beatriz beate
bernard bernie barney bernhard bernardo bernd bernat
bradley brad
bradford brad
bridget bridie biddy brigitte birgit brigid britta
bruce brucie
caroline carol carrie carolyn carolina karolina lina karoline
carol carole carrie
catherine cathy kate katie kathy katherine kathryn kat kathleen kit kitty cathryn katharina caterina catalina katarzyna katrin karin karen kay kasia catharina
cecilia cissy celia cecile cecily
charlotte lottie charlie lotte carlotta char
clara claire clare chiara
clifford cliff
clifton cliff
clinton clint
constance connie constanze
constantine gus costa konstantin dinos kostas
cornelius neil con cornelis kees
curtis curt kurt conrad konrad
cynthia cindy cyndi
cyril cy
deborah deb debbie debby debra
dennis denny denis dionysios
denise denny dennie
diana di diane dianne
dolores lola lolita
dominic dom nick dominik dominique domingo domenico
dorothy dot dottie dolly dorothea dora dorothee
douglas doug duggie
dwayne duane
eleanor ellie nell nora elena eleanora lenore eleonore leonor
elizabeth liz lizzie beth betty betsy eliza elisabeth elise lisa bess libby lisbeth elisabetta isabel isabella isabelle elsa elsbeth lies lizbeth elzbieta bettina liza lilibet
ellen nell helen helena elena helene nellie
emanuel manny manuel emmanuel manolo
emma em emmie
ernest ernie ernst ernesto
esther essie hester ester
eugene gene eugenio eugen
evelyn eve evie eva
fernando ferdinand nando ferdi hernando
florence flo flora florrie
gabriel gabe gabriele gabby
gabrielle gabby gabriela gabriella
gilbert gil bert
gordon gord gordie
grace gracie graciela
gustav gus gustavo gustave
gertrude trudy gertie gerda
guy guido
harriet hattie harriette
hector ettore
herbert herb bert bertie heribert
herman hermann armando
howard howie
hubert hugh bert hubertus
hugh hugo huey ugo
ignacio nacho ignatius ignazio
irene rene irena irina
isaac ike zac isaak
isidore izzy isidro
jacob jake jakob jacques giacomo jacobo diego iago jaap jakub jago coby
jacqueline jackie jacqui
jane janie janet jean jeanne juana giovanna jana janine joan joanna johanna
janet jan
jennifer jen jenny jenn jennie
jessica jess jessie
jesus chucho
joanne jo joan joanna jojo
josephine jo josie josefina josefa
joshua josh josue
joel yoel
judith judy jude judi jutta
julia julie jules giulia juliana
julian jules julius giulio julio julien
justin just justus
kimberly kim kimberley kimmie
laura laurie lori lauren lora
leslie les lesley
lewis lou lew louis luis luigi ludwig lodewijk ludovic luiz lajos
louise lou louisa luisa luise
lillian lily lil lilly lilian
linda lindy lynn
lucas luke luca luc lukas luka lukasz
lucy lucia lucie lucinda
luther lute
lynn lyn lynne linda
madeline maddy maddie madeleine magdalena lena maddalena
marcus mark marc marco marek marcos markus
martin marty martijn martino marten morten marcin
martha marty patty marta mattie
marvin marv
margaret maggie meg peggy marge margie greta rita margarita marguerite margarethe daisy madge gretchen margot malgorzata grietje gosia margherita
marilyn mary marylin
mary maria marie molly polly mia mitzi miriam maryam mari marya masha
maurice morris mo moritz mauricio maurizio
maximilian max massimiliano maksymilian
maxwell max
melissa mel missy lissa
melanie mel
melvin mel
mildred millie
miranda mindy randy
mitchell mitch
mohammed mohamed muhammad mohammad mo mehmet muhammed mohamad mahomed
nancy nan
natalie nat nathalie natalia natasha nata
nathaniel nate nat nathan
nathan nate nat
norman norm
oliver ollie olivier olivero oli
olivia liv livia
oscar oskar
otis otto
owen eoin eugene
pamela pam pammy
penelope penny
percival percy
philippa pip pippa
rachel rae raquel rachael rahel
ralph ralf raoul raul rafe
randall randy randolph
raphael rafael raffaele rafa rafal
rebecca becky becca rebekah
regina gina reggie
reinhard reiner rainer
roberta bobbie robbie bobby
roderick rod ricky rodrigo
rodney rod
roland rollo orlando rolando
rosemary rose rosie romy
rosa rose rosie rosalind rosalia rosario
roxanne roxy
ruth ruthie
sarah sally sadie sara sal
sebastian seb bas sebastien bastian sebastiano
serge sergio sergei sergey
sharon shari sherry
sheila celia shelagh
shirley lee
sidney sid sydney
simon si simeon simone
sophia sophie sofia sofie zofia
stephanie steph stefanie stefania
stuart stu stewart
susan sue susie suzy susanna suzanne sanna zuzana susanne zuzanna
sylvester sly silvester
sylvia silvia sylvie
tabitha tabby
tamara tammy
tatiana tanya tania
terrance terry
tobias toby tobie
ursula ulla uschi
valentine val valentin valentino
valerie val valeria
vanessa nessa
veronica ronnie vera veronika veronique roni
virginia ginny ginger
vivian viv vivien
vladimir vlad volodymyr wladimir vova
wendy gwendolyn gwen
wesley wes
winifred winnie fred
winston win
yvonne yvette
xavier javier xabier xavi
guillaume guy
etienne stephen stefan
yves ivo
thierry terry
wolfgang wolf
hans hansi johannes
jurgen jorg jorgen
manfred fred manni
siegfried sigi
dietrich dieter dirk
joachim achim jochen joaquin
sabine bine
gabriele gabi
katja katharina
ulrich uli
ulrike uli
bjorn bjoern
soren soeren
francisco paco kiko pancho
enrique quique kike
maria jose marijose
rosario charo
concepcion concha conchita
mercedes merche
pilar pili
dolores lola
guadalupe lupe
santiago santi james jaime
alfonso poncho alphonse
gianluca luca
giovanni gianni nanni
luigi gigi
domenico mimmo
salvatore totò salvo sal
pierluigi gigi
aleksandra ola
malgorzata gosia
krzysztof christopher krzys
wojciech wojtek
stanislaw staszek
zbigniew zbyszek
dmitri dima dmitry dmitriy
yevgeny eugene evgeny zhenya
yekaterina katya catherine ekaterina
mikhail misha
nikolai kolya
konstantinos kostas costas
georgios giorgos george
dimitrios dimitris jim james
ioannis yannis john giannis
panagiotis panos
cornelia nele conny
hendrika riek
elisabeth els liesbeth
petronella nel nelly
`;

const classesOf = new Map<string, string[]>();
for (const line of CLASSES.trim().split("\n")) {
  const names = line.split(" ");
  const [full] = names;
  if (full === undefined) continue;
  for (const name of new Set(names)) {
    const known = classesOf.get(name);
    if (known) known.push(full);
    else classesOf.set(name, [full]);
  }
}

const NONE: readonly string[] = [];

/** The full names this name may stand for, itself included where it leads a class; none when it is in no class. */
export function nameClasses(name: string): readonly string[] {
  return classesOf.get(name) ?? NONE;
}

export function shareNameClass(a: string, b: string): boolean {
  const ofB = nameClasses(b);
  return nameClasses(a).some((full) => full === b || ofB.includes(full)) || ofB.includes(a);
}
