/**
 * The words of made-up verse. Those before a colon say how its words are stressed: "/" is a strong
 * syllable, "x" a weak one. Common words come first in each list.
 */

/** Words of one kind, by their stress. */
type ByStress = Readonly<Record<string, string>>;

export const NOUNS: ByStress = {
  "/":
    "night heart day sea king light love sun rose stone queen moon hand time friend wind town star bird tree crown sword " +
    "hill gate bell flame bone song storm throne tear dream road year field stream lord tale shore door hour " +
    "land way knight sight wing spring ring oar hall wall dawn thorn horn fool school tool",
  "/x":
    "river garden mother lantern shadow summer winter father sister brother soldier sailor shepherd " +
    "window mirror silver candle castle feather harbour meadow thunder token traveller willow " +
    "swallow raven maiden sparrow harvest kingdom morning evening sorrow ocean story daughter " +
    "mountain valley pilgrim saddle hunter robin orchard island apple ember ivy arrow",
  "x/": "delight desire despair disdain command repose event array guitar cascade ravine affair",
};

export const ADJECTIVES: ByStress = {
  "/":
    "sweet cold old true dark fair bright sad proud deep wild kind pale white poor strong young free grey " +
    "green bold true long slow still warm red late glad",
  "/x":
    "golden gentle silent silver weary bitter hollow lonely ancient broken happy merry noble sleeping " +
    "secret crimson frozen faithful fallen idle early eager burning hidden",
  "x/": "serene alone forlorn divine sublime asleep unknown unseen profound austere",
};

/** Verbs that take an object, in the form that goes with "they". */
export const TRANSITIVE_VERBS: ByStress = {
  "/":
    "love find keep hear know call bring seek hold see leave bear greet break hide guard sing meet heal tell",
  "/x": "follow carry answer gather wander borrow open honour conquer cover remember",
  "x/":
    "forget forgive desire behold admire forsake bewail obey deceive adore receive regret reveal",
};

/** Verbs that need no object. */
export const INTRANSITIVE_VERBS: ByStress = {
  "/":
    "sleep sing weep fall wait shine die run grow rest burn dream wake fade play stay pray moan roam kneel",
  "/x": "wander whisper tremble linger slumber tarry glimmer falter flicker vanish",
  "x/": "awake return depart ascend appear remain despair repent rejoice descend repose decay",
};

export const ADVERBS: ByStress = {
  "/": "now then here there still long soon down well",
  "/x": "ever never softly slowly sweetly gently sadly",
  "x/": "again alone away today tonight below above",
};

export const PREPOSITIONS: ByStress = {
  "x": "in by from o'er with near on",
  "/x": "under over after",
  "x/": "upon beneath beyond beside within above against",
};

/** Words that sound alike, of kinds that may end a line. Lines end in no other word. */
export const RHYMES: readonly string[] = [
  "night light knight sight bright white delight tonight",
  "day way grey play stay pray today away array decay",
  "sea tree free",
  "heart depart",
  "king wing spring ring sing",
  "stone throne bone alone unknown",
  "deep sleep weep",
  "fair despair affair",
  "shine divine",
  "dream stream",
  "star guitar",
  "hill still",
  "land hand command",
  "shore door",
  "rose repose",
  "cold bold old",
  "fall hall wall",
  "dawn forlorn thorn horn",
  "friend ascend descend",
  "tear year appear",
  "again disdain remain",
  "unseen green queen serene ravine",
  "strong song long",
  "love above",
  "below slow grow",
  "fool school tool",
  "repent event",
  "time sublime",
  "gate wait late",
  "moon soon",
  "crown down",
];

/** Who speaks. The stress matters where one is called upon. */
export const SPEAKERS: Readonly<Record<string, string>> = {
  Rowan: "/x",
  Miranda: "x/x",
  Edmund: "/x",
  Isabel: "/x/",
  Tobias: "x/x",
  Hero: "/x",
  Orlando: "x/x",
  Celia: "/x",
  Lysander: "x/x",
  Portia: "/x",
  Ariel: "/x/",
  Viola: "/x/",
};
