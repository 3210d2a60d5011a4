//! Texts for the seeded posts: Arabic and English words, common and rare, from a generator that always says the same.

const COMMON: &[&str] = &[
    "the",
    "and",
    "garden",
    "river",
    "because",
    "people",
    "after",
    "morning",
    "together",
    "server",
    "without",
    "little",
    "always",
    "market",
    "letter",
    "between",
    "evening",
    "another",
    "station",
    "winter",
    "music",
    "school",
    "bread",
    "window",
    "mountain",
    "question",
    "yesterday",
    "finally",
    "neighbour",
    "weather",
];
const ARABIC: &[&str] = &[
    "المدرسة",
    "الكتاب",
    "في",
    "من",
    "على",
    "اليوم",
    "صباح",
    "الخير",
    "قهوة",
    "المدينة",
    "الناس",
    "بعد",
    "قبل",
    "الشمس",
    "البحر",
    "قلم",
    "سوق",
    "بيت",
    "جديد",
    "كبير",
    "مساء",
    "طريق",
    "شجرة",
    "ماء",
    "حديقة",
];
const SYLLABLES: &[&str] =
    &["bar", "ko", "ri", "ten", "mul", "sha", "vo", "ne", "dor", "pi", "gal", "hu", "lem", "sto", "wy", "fra"];

/// Numbers that look random and are the same every time (xorshift64*).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`, which must not be 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        usize::try_from(number % end as u64).unwrap_or(0)
    }

    /// One of `all`.
    pub(crate) fn one<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all.get(self.below(all.len())).copied().unwrap_or_default()
    }

    /// A sentence of 12 to 41 words; every fourth is Arabic. Half of the words are common, half belong to 4,096 rare ones.
    pub(crate) fn sentence(&mut self) -> String {
        let arabic = self.below(4) == 0;
        let mut text = String::with_capacity(240);
        for n in 0..12 + self.below(30) {
            if n > 0 {
                text.push(' ');
            }
            match (arabic, self.below(2)) {
                (true, _) => text.push_str(self.one(ARABIC)),
                (false, 0) => text.push_str(self.one(COMMON)),
                (false, _) => {
                    for _ in 0..3 {
                        text.push_str(self.one(SYLLABLES));
                    }
                }
            }
        }
        text
    }
}
