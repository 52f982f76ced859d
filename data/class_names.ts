/** What people call the classes of the datasets that are known by name. */

export const DIGIT_NAMES: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** As the publishers list them (github.com/zalandoresearch/fashion-mnist, "Labels"). */
export const CLOTHES_NAMES: readonly string[] = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/** The modern hiragana for which the old forms stand, one of each of ten rows. */
export const HIRAGANA_NAMES: readonly string[] = [
  "o",
  "ki",
  "su",
  "tsu",
  "na",
  "ha",
  "ma",
  "ya",
  "re",
  "wo",
];
