//! DeepL's API (<https://developers.deepl.com>).

use reqwest::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Languages, Translated, UNKNOWN, endpoint, read};
use crate::error::Result;

const NAME: &str = "DeepL.com";

#[derive(Deserialize)]
struct Language {
    language: String,
}

#[derive(Serialize)]
struct Question<'a> {
    text: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    source_lang: Option<String>,
    target_lang: String,
    tag_handling: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    translations: Vec<Piece>,
}

#[derive(Deserialize)]
struct Piece {
    #[serde(default)]
    detected_source_language: String,
    text: String,
}

pub(super) async fn languages(http: &reqwest::Client, base: &Url, key: &str) -> Result<Languages> {
    let (sources, targets) = (list(http, base, key, "source").await?, list(http, base, key, "target").await?);
    let mut languages = Languages::new();
    for source in sources.iter().map(String::as_str).chain([UNKNOWN]) {
        let others = targets.iter().filter(|target| target.split('-').next() != Some(source)).cloned().collect();
        languages.insert(source.to_owned(), others);
    }
    Ok(languages)
}

/// The languages of one side, in the spelling of apps: `pt-BR`.
async fn list(http: &reqwest::Client, base: &Url, key: &str, side: &str) -> Result<Vec<String>> {
    let mut url = endpoint(base, "v2/languages")?;
    url.set_query(Some(&format!("type={side}")));
    let found: Vec<Language> = read(http.get(url).header(AUTHORIZATION, authorization(key)).send().await).await?;
    let mut codes: Vec<String> = Vec::new();
    for Language { language } in found {
        let (code, region) = match language.split_once('-') {
            Some((code, region)) => (code.to_ascii_lowercase(), Some(region.to_owned())),
            None => (language.to_ascii_lowercase(), None),
        };
        // Of English and Portuguese there are only regional ones to translate into; apps ask for the language.
        for spelling in [Some(code.clone()), region.map(|region| format!("{code}-{region}"))].into_iter().flatten() {
            if !codes.contains(&spelling) {
                codes.push(spelling);
            }
        }
    }
    Ok(codes)
}

pub(super) async fn translate(
    http: &reqwest::Client,
    base: &Url,
    key: &str,
    texts: &[String],
    source: &str,
    target: &str,
) -> Result<Translated> {
    let question = Question {
        text: texts,
        source_lang: (source != UNKNOWN).then(|| source.to_ascii_uppercase()),
        // DeepL wants to know which English and which Portuguese.
        target_lang: match target {
            "en" => "EN-US".to_owned(),
            "pt" => "PT-PT".to_owned(),
            other => other.to_ascii_uppercase(),
        },
        tag_handling: "html",
    };
    let request = http.post(endpoint(base, "v2/translate")?).header(AUTHORIZATION, authorization(key)).json(&question);
    let answer: Answer = read(request.send().await).await?;
    let detected = answer.translations.first().map(|piece| piece.detected_source_language.to_ascii_lowercase());
    Ok(Translated {
        source: detected.filter(|code| !code.is_empty()).unwrap_or_else(|| source.to_owned()),
        texts: answer.translations.into_iter().map(|piece| piece.text).collect(),
        provider: NAME,
    })
}

fn authorization(key: &str) -> String {
    format!("DeepL-Auth-Key {key}")
}
