//! Which language a visitor reads: `?lang=`, else what was chosen before (a cookie), else what the browser asks for
//! (RFC 9110 §12.5.4), else the server's own.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;

/// The cookie that remembers a choice.
pub const COOKIE: &str = "majlis_language";
/// Arabic regions that write 1, 2, 3 (CLDR, `defaultNumberingSystem`).
const WESTERN_DIGITS: &[&str] = &["ae", "dz", "eh", "ly", "ma", "tn"];
/// Header values longer than this are not read to the end.
const HEADER_LIMIT: usize = 512;

/// A language that the pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Arabic.
    Arabic,
}

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::Arabic];

    /// ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Arabic => "ar",
        }
    }

    /// The language's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Arabic => "العربية", // typos: other language
        }
    }

    /// `ltr` or `rtl`.
    pub fn direction(self) -> &'static str {
        match self {
            Self::English => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// From `en`, `ar-EG` and the like.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or("").trim();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }
}

/// How digits are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// 0 to 9.
    Western,
    /// Arabic-Indic, U+0660 to U+0669.
    Arabic,
}

impl Digits {
    /// The digit as it is written; anything else stays.
    pub fn of(self, western: char) -> char {
        match (self, western.to_digit(10)) {
            (Self::Arabic, Some(digit)) => char::from_u32(0x660 + digit).unwrap_or(western),
            _ => western,
        }
    }

    /// The mark between the thousands.
    pub fn thousands(self) -> char {
        match self {
            Self::Western => ',',
            Self::Arabic => '\u{66C}',
        }
    }
}

/// A language and how it writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locale {
    /// The language.
    pub language: Language,
    /// The digits.
    pub digits: Digits,
}

impl Locale {
    /// What the visitor of a request reads, and whether `?lang=` chose it just now.
    pub fn of(req: &HttpRequest, default: Language) -> (Self, bool) {
        let asked = url::form_urlencoded::parse(req.query_string().as_bytes())
            .find(|(name, _)| name == "lang")
            .and_then(|(_, tag)| Language::from_tag(&tag));
        let remembered = || req.cookie(COOKIE).and_then(|cookie| Language::from_tag(cookie.value()));
        let header = req.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let header = header.get(..HEADER_LIMIT).unwrap_or(header);
        let language = asked.or_else(remembered).or_else(|| preferred(header)).unwrap_or(default);
        (Self { language, digits: digits(language, header) }, asked.is_some())
    }
}

/// The cookie that remembers a choice for a year.
pub fn cookie(language: Language, secure: bool) -> Cookie<'static> {
    Cookie::build(COOKIE, language.code())
        .path("/")
        .max_age(Duration::days(365))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .finish()
}

/// The language of ours with the greatest weight in an `Accept-Language`; of equals, the first.
fn preferred(header: &str) -> Option<Language> {
    let mut best: Option<(Language, f32)> = None;
    for range in header.split(',') {
        let mut parts = range.split(';');
        let Some(language) = parts.next().and_then(|tag| Language::from_tag(tag.trim())) else { continue };
        let weight = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
        if weight > best.map_or(0.0, |(_, weight)| weight) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

fn digits(language: Language, header: &str) -> Digits {
    if language == Language::English {
        return Digits::Western;
    }
    let region = header.split(',').find_map(|range| {
        let tag = range.split(';').next()?.trim();
        let (language, region) = tag.split_once('-')?;
        language.eq_ignore_ascii_case("ar").then(|| region.to_ascii_lowercase())
    });
    match region {
        Some(region) if WESTERN_DIGITS.contains(&region.as_str()) => Digits::Western,
        _ => Digits::Arabic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn locale(uri: &str, cookie: Option<&str>, accept: &str) -> (Language, Digits) {
        let mut request = TestRequest::with_uri(uri).insert_header((header::ACCEPT_LANGUAGE, accept));
        if let Some(value) = cookie {
            request = request.cookie(Cookie::new(COOKIE, value.to_owned()));
        }
        let (locale, _) = Locale::of(&request.to_http_request(), Language::English);
        (locale.language, locale.digits)
    }

    #[test]
    fn the_nearest_wish_wins() {
        assert_eq!(locale("/", None, ""), (Language::English, Digits::Western));
        assert_eq!(locale("/", None, "fr, ar-EG;q=0.8, en;q=0.5"), (Language::Arabic, Digits::Arabic));
        assert_eq!(locale("/", None, "ar;q=0, en"), (Language::English, Digits::Western));
        assert_eq!(locale("/", Some("en"), "ar"), (Language::English, Digits::Western));
        assert_eq!(locale("/?lang=ar", Some("en"), "en"), (Language::Arabic, Digits::Arabic));
        assert_eq!(locale("/?lang=xx", None, "ar"), (Language::Arabic, Digits::Arabic));
    }

    #[test]
    fn digits_follow_the_region() {
        assert_eq!(locale("/", None, "ar-MA").1, Digits::Western);
        assert_eq!(locale("/", None, "ar-EG").1, Digits::Arabic);
        assert_eq!(locale("/", Some("ar"), "en-GB, ar-TN;q=0.5").1, Digits::Western);
    }
}
