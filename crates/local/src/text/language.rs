//! Languages: the codes that posts may carry, their direction, and a guess for those who did not say.
//! A wrong guess hides posts from people who filter by language, so that no guess is better than a doubtful one.

use whatlang::{Lang, Script};

use super::emoji;
use super::entities::entities;

/// Code and English name of every language that a post may have: ISO 639-1, those of ISO 639-3 that people here write,
/// and the regional forms of Chinese; as Mastodon lists them. Sorted by code.
#[rustfmt::skip]
pub const LANGUAGES: &[(&str, &str)] = &[
    ("aa", "Afar"), ("ab", "Abkhaz"), ("ae", "Avestan"), ("af", "Afrikaans"), ("ak", "Akan"), ("am", "Amharic"),
    ("an", "Aragonese"), ("ar", "Arabic"), ("as", "Assamese"), ("ast", "Asturian"), ("av", "Avaric"), ("ay", "Aymara"),
    ("az", "Azerbaijani"), ("ba", "Bashkir"), ("be", "Belarusian"), ("bg", "Bulgarian"), ("bh", "Bihari"), ("bi", "Bislama"),
    ("bm", "Bambara"), ("bn", "Bengali"), ("bo", "Tibetan"), ("br", "Breton"), ("bs", "Bosnian"), ("ca", "Catalan"),
    ("ce", "Chechen"), ("ch", "Chamorro"), ("chr", "Cherokee"), ("ckb", "Sorani (Kurdish)"), ("cnr", "Montenegrin"),
    ("co", "Corsican"), ("cr", "Cree"), ("cs", "Czech"), ("csb", "Kashubian"), ("cu", "Old Church Slavonic"),
    ("cv", "Chuvash"), ("cy", "Welsh"), ("da", "Danish"), ("de", "German"), ("dv", "Divehi"), ("dz", "Dzongkha"),
    ("ee", "Ewe"), ("el", "Greek"), ("en", "English"), ("eo", "Esperanto"), ("es", "Spanish"), ("et", "Estonian"),
    ("eu", "Basque"), ("fa", "Persian"), ("ff", "Fula"), ("fi", "Finnish"), ("fj", "Fijian"), ("fo", "Faroese"),
    ("fr", "French"), ("fy", "Western Frisian"), ("ga", "Irish"), ("gd", "Scottish Gaelic"), ("gl", "Galician"),
    ("gsw", "Swiss German"), ("gu", "Gujarati"), ("gv", "Manx"), ("ha", "Hausa"), ("he", "Hebrew"), ("hi", "Hindi"),
    ("ho", "Hiri Motu"), ("hr", "Croatian"), ("ht", "Haitian"), ("hu", "Hungarian"), ("hy", "Armenian"), ("hz", "Herero"),
    ("ia", "Interlingua"), ("id", "Indonesian"), ("ie", "Interlingue"), ("ig", "Igbo"), ("ii", "Nuosu"), ("ik", "Inupiaq"),
    ("io", "Ido"), ("is", "Icelandic"), ("it", "Italian"), ("iu", "Inuktitut"), ("ja", "Japanese"), ("jbo", "Lojban"),
    ("jv", "Javanese"), ("ka", "Georgian"), ("kab", "Kabyle"), ("kg", "Kongo"), ("ki", "Kikuyu"), ("kj", "Kwanyama"),
    ("kk", "Kazakh"), ("kl", "Kalaallisut"), ("km", "Khmer"), ("kn", "Kannada"), ("ko", "Korean"), ("kr", "Kanuri"),
    ("ks", "Kashmiri"), ("ku", "Kurmanji (Kurdish)"), ("kv", "Komi"), ("kw", "Cornish"), ("ky", "Kyrgyz"), ("la", "Latin"),
    ("lb", "Luxembourgish"), ("ldn", "Láadan"), ("lfn", "Lingua Franca Nova"), ("lg", "Ganda"), ("li", "Limburgish"),
    ("ln", "Lingala"), ("lo", "Lao"), ("lt", "Lithuanian"), ("lu", "Luba-Katanga"), ("lv", "Latvian"), ("mg", "Malagasy"),
    ("mh", "Marshallese"), ("mi", "Māori"), ("mk", "Macedonian"), ("ml", "Malayalam"), ("mn", "Mongolian"), ("mr", "Marathi"),
    ("ms", "Malay"), ("mt", "Maltese"), ("my", "Burmese"), ("na", "Nauru"), ("nb", "Norwegian Bokmål"),
    ("nd", "Northern Ndebele"), ("nds", "Low German"), ("ne", "Nepali"), ("ng", "Ndonga"), ("nl", "Dutch"),
    ("nn", "Norwegian Nynorsk"), ("no", "Norwegian"), ("nr", "Southern Ndebele"), ("nv", "Navajo"), ("ny", "Chichewa"),
    ("oc", "Occitan"), ("oj", "Ojibwe"), ("om", "Oromo"), ("or", "Oriya"), ("os", "Ossetian"), ("pa", "Punjabi"),
    ("pdc", "Pennsylvania Dutch"), ("pi", "Pāli"), ("pl", "Polish"), ("ps", "Pashto"), ("pt", "Portuguese"),
    ("qu", "Quechua"), ("rm", "Romansh"), ("rn", "Kirundi"), ("ro", "Romanian"), ("ru", "Russian"), ("rw", "Kinyarwanda"),
    ("sa", "Sanskrit"), ("sc", "Sardinian"), ("sco", "Scots"), ("sd", "Sindhi"), ("se", "Northern Sami"), ("sg", "Sango"),
    ("si", "Sinhala"), ("sk", "Slovak"), ("sl", "Slovenian"), ("sma", "Southern Sami"), ("smj", "Lule Sami"), ("sn", "Shona"),
    ("so", "Somali"), ("sq", "Albanian"), ("sr", "Serbian"), ("ss", "Swati"), ("st", "Southern Sotho"), ("su", "Sundanese"),
    ("sv", "Swedish"), ("sw", "Swahili"), ("szl", "Silesian"), ("ta", "Tamil"), ("te", "Telugu"), ("tg", "Tajik"),
    ("th", "Thai"), ("ti", "Tigrinya"), ("tk", "Turkmen"), ("tl", "Tagalog"), ("tn", "Tswana"), ("to", "Tonga"),
    ("tok", "Toki Pona"), ("tr", "Turkish"), ("ts", "Tsonga"), ("tt", "Tatar"), ("tw", "Twi"), ("ty", "Tahitian"),
    ("ug", "Uyghur"), ("uk", "Ukrainian"), ("ur", "Urdu"), ("uz", "Uzbek"), ("vai", "Vai"), ("ve", "Venda"),
    ("vi", "Vietnamese"), ("vo", "Volapük"), ("wa", "Walloon"), ("wo", "Wolof"), ("xal", "Kalmyk"), ("xh", "Xhosa"),
    ("yi", "Yiddish"), ("yo", "Yoruba"), ("za", "Zhuang"), ("zba", "Balaibalan"), ("zgh", "Standard Moroccan Tamazight"),
    ("zh", "Chinese"), ("zh-CN", "Chinese (China)"), ("zh-HK", "Chinese (Hong Kong)"), ("zh-TW", "Chinese (Taiwan)"),
    ("zh-YUE", "Cantonese"), ("zu", "Zulu"),
];

/// The code of [`LANGUAGES`] that is meant by what an app or a peer sent: any case, `_` for `-`, a region that the list
/// does not know is dropped (`ar-EG` → `ar`). None when the language is unknown.
pub fn language(code: &str) -> Option<&'static str> {
    let code = code.trim();
    if code.is_empty() || code.len() > 35 {
        return None;
    }
    let normalised = code.replace('_', "-");
    find(&normalised).or_else(|| {
        let primary = normalised.split('-').next()?;
        let script = normalised.split('-').nth(1).unwrap_or_default();
        match (primary.to_ascii_lowercase().as_str(), script.to_ascii_lowercase().as_str()) {
            ("zh", "hans") => Some("zh-CN"),
            ("zh", "hant") => Some("zh-TW"),
            ("yue", _) => Some("zh-YUE"),
            // Codes that were withdrawn but are still sent.
            ("iw", _) => Some("he"),
            ("in", _) => Some("id"),
            ("ji", _) => Some("yi"),
            ("fil", _) => Some("tl"),
            (primary, _) => find(primary),
        }
    })
}

/// Every code with its English name, by name of the code.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    LANGUAGES.iter().copied()
}

/// The English name of a code of [`LANGUAGES`].
pub fn name(code: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, name)| *name)
}

/// Whether the language is written from right to left.
pub fn is_right_to_left(code: &str) -> bool {
    matches!(
        code.split(['-', '_']).next().unwrap_or_default(),
        "ar" | "ckb" | "dv" | "fa" | "he" | "ks" | "ps" | "sd" | "ug" | "ur" | "yi" | "zba"
    )
}

/// The value of HTML's `dir` for text in a language: `auto` when it is not known, so that the text decides.
pub fn direction(code: Option<&str>) -> &'static str {
    match code {
        Some(code) if is_right_to_left(code) => "rtl",
        Some(_) => "ltr",
        None => "auto",
    }
}

/// The language of a text as far as it can be told: mentions, hashtags, links and emoji do not count, and what
/// remains must be long enough and clear. A code of [`LANGUAGES`].
pub fn detect(text: &str) -> Option<&'static str> {
    let prose = prose(text);
    let letters = prose.chars().filter(|c| c.is_alphabetic()).count();
    if letters < LEAST_LETTERS_OF_UNSPACED {
        return None;
    }
    let info = whatlang::detect(&prose)?;
    let (least, clear) = match info.script() {
        Script::Arabic => match arabic_letters(&prose) {
            Some(only_arabic) if only_arabic => return (letters >= LEAST_LETTERS_OF_ARABIC).then_some("ar"),
            _ => (LEAST_LETTERS, info.is_reliable() && info.lang() != Lang::Ara),
        },
        // Yiddish is the only other language of the script, and rare.
        Script::Hebrew => (LEAST_LETTERS_OF_ARABIC, info.lang() == Lang::Heb || info.is_reliable()),
        // One language, or signs of its own, per script.
        Script::Hangul
        | Script::Hiragana
        | Script::Katakana
        | Script::Mandarin
        | Script::Thai
        | Script::Greek
        | Script::Georgian
        | Script::Armenian => (LEAST_LETTERS_OF_UNSPACED, info.is_reliable()),
        _ => (LEAST_LETTERS, info.is_reliable() || (letters >= ENOUGH_LETTERS && info.confidence() >= 0.5)),
    };
    (clear && letters >= least).then(|| iso(info.lang())).flatten()
}

/// Below this number of letters, languages that share a script cannot be told apart.
const LEAST_LETTERS: usize = 30;
/// From here on the best guess is nearly always right, even where a sister language comes close.
const ENOUGH_LETTERS: usize = 60;
const LEAST_LETTERS_OF_ARABIC: usize = 12;
const LEAST_LETTERS_OF_UNSPACED: usize = 8;

fn find(code: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(known, _)| *known)
}

/// The text without mentions, hashtags, links and emoji.
fn prose(text: &str) -> String {
    let mut prose = String::with_capacity(text.len());
    let mut done = 0;
    for (range, _) in entities(text) {
        prose.push_str(&text[done..range.start]);
        prose.push(' ');
        done = range.end;
    }
    prose.push_str(&text[done..]);
    let mut without_emoji = String::with_capacity(prose.len());
    let mut done = 0;
    for (range, _) in emoji::occurrences(&prose) {
        without_emoji.push_str(&prose[done..range.start]);
        done = range.end;
    }
    if done == 0 {
        return prose;
    }
    without_emoji.push_str(&prose[done..]);
    without_emoji
}

/// Whether a text in Arabic script uses letters that, among the languages of that script, only Arabic has, and none that
/// Arabic lacks: some when one of both is so, with the answer.
fn arabic_letters(text: &str) -> Option<bool> {
    let (mut arabic, mut other) = (0usize, 0usize);
    for c in text.chars() {
        match c {
            'ة' | 'ك' | 'ي' | 'أ' | 'إ' | 'ى' => arabic += 1,
            'پ' | 'چ' | 'ژ' | 'گ' | 'ک' | 'ی' | 'ٹ' | 'ڈ' | 'ڑ' | 'ں' | 'ے' | 'ہ' | 'ھ' | 'ە' | 'ۆ' | 'ێ' | 'ڕ' | 'ڵ' | 'ۇ'
            | 'ۈ' | 'ې' | 'ټ' | 'ځ' | 'څ' | 'ډ' | 'ړ' | 'ږ' | 'ښ' | 'ڼ' | 'ۍ' => {
                other += 1;
            }
            _ => {}
        }
    }
    match (arabic, other) {
        (0, 0) => None,
        (arabic, other) => Some(arabic >= 2 && other == 0),
    }
}

#[rustfmt::skip]
fn iso(language: Lang) -> Option<&'static str> {
    Some(match language {
        Lang::Epo => "eo", Lang::Eng => "en", Lang::Rus => "ru", Lang::Cmn => "zh", Lang::Spa => "es", Lang::Por => "pt",
        Lang::Ita => "it", Lang::Ben => "bn", Lang::Fra => "fr", Lang::Deu => "de", Lang::Ukr => "uk", Lang::Kat => "ka",
        Lang::Ara => "ar", Lang::Hin => "hi", Lang::Jpn => "ja", Lang::Heb => "he", Lang::Yid => "yi", Lang::Pol => "pl",
        Lang::Amh => "am", Lang::Jav => "jv", Lang::Kor => "ko", Lang::Nob => "nb", Lang::Dan => "da", Lang::Swe => "sv",
        Lang::Fin => "fi", Lang::Tur => "tr", Lang::Nld => "nl", Lang::Hun => "hu", Lang::Ces => "cs", Lang::Ell => "el",
        Lang::Bul => "bg", Lang::Bel => "be", Lang::Mar => "mr", Lang::Kan => "kn", Lang::Ron => "ro", Lang::Slv => "sl",
        Lang::Hrv => "hr", Lang::Srp => "sr", Lang::Mkd => "mk", Lang::Lit => "lt", Lang::Lav => "lv", Lang::Est => "et",
        Lang::Tam => "ta", Lang::Vie => "vi", Lang::Urd => "ur", Lang::Tha => "th", Lang::Guj => "gu", Lang::Uzb => "uz",
        Lang::Pan => "pa", Lang::Aze => "az", Lang::Ind => "id", Lang::Tel => "te", Lang::Pes => "fa", Lang::Mal => "ml",
        Lang::Ori => "or", Lang::Mya => "my", Lang::Nep => "ne", Lang::Sin => "si", Lang::Khm => "km", Lang::Tuk => "tk",
        Lang::Aka => "ak", Lang::Zul => "zu", Lang::Sna => "sn", Lang::Afr => "af", Lang::Lat => "la", Lang::Slk => "sk",
        Lang::Cat => "ca", Lang::Tgl => "tl", Lang::Hye => "hy", Lang::Cym => "cy",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_knows_what_is_detected() {
        assert!(LANGUAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for lang in Lang::all() {
            let code = iso(*lang).unwrap();
            assert!(name(code).is_some(), "{code}");
        }
    }

    #[test]
    fn codes() {
        let cases = [
            ("ar", Some("ar")),
            ("AR", Some("ar")),
            ("ar-EG", Some("ar")),
            ("ar_SA", Some("ar")),
            ("en-GB", Some("en")),
            ("zh-TW", Some("zh-TW")),
            ("zh_hk", Some("zh-HK")),
            ("zh-Hans", Some("zh-CN")),
            ("zh-Hant-TW", Some("zh-TW")),
            ("yue", Some("zh-YUE")),
            ("iw", Some("he")),
            ("ckb", Some("ckb")),
            (" de ", Some("de")),
            ("", None),
            ("xx", None),
            ("und", None),
            ("english", None),
            ("a", None),
            ("<script>", None),
        ];
        for (code, expected) in cases {
            assert_eq!(language(code), expected, "{code}");
        }
    }

    #[test]
    fn directions() {
        assert_eq!(direction(Some("ar")), "rtl");
        assert_eq!(direction(Some("fa")), "rtl");
        assert_eq!(direction(Some("en")), "ltr");
        assert_eq!(direction(Some("zh-TW")), "ltr");
        assert_eq!(direction(None), "auto");
    }

    #[test]
    fn detection() {
        let cases = [
            ("السلام عليكم ورحمة الله وبركاته، كيف حالكم اليوم؟", Some("ar")),
            ("ذهبت إلى المدرسة صباحا", Some("ar")),
            ("سلام به همه دوستان، امروز هوا خیلی خوب است و می‌خواهم به پارک بروم", Some("fa")),
            ("The weather is lovely today and I am going to the park with my friends.", Some("en")),
            ("Das Wetter ist heute wunderschön und ich gehe mit meinen Freunden in den Park.", Some("de")),
            ("Bonjour à toutes et à tous, nous sommes très heureux de vous annoncer notre nouvelle version.", Some("fr")),
            ("今日はとても天気がいいので公園に行きます", Some("ja")),
            ("오늘은 날씨가 좋아서 공원에 갑니다", Some("ko")),
            ("Сегодня очень хорошая погода, и мы с друзьями идём гулять в парк.", Some("ru")),
            ("היום מזג האוויר נפלא ואני הולך לפארק", Some("he")),
            ("@ali @sara https://example.org/a/very/long/english/address #hashtags #everywhere", None),
            ("ok", None),
            ("lol nice", None),
            ("", None),
            ("😀😀😀 :blobcat: :verified:", None),
            ("1234567890 2345678901", None),
        ];
        for (text, expected) in cases {
            assert_eq!(detect(text), expected, "{text}");
        }
    }
}
