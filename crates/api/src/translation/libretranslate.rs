//! LibreTranslate's API (<https://docs.libretranslate.com>).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Languages, Translated, UNKNOWN, endpoint, read};
use crate::error::Result;

const NAME: &str = "LibreTranslate";

#[derive(Deserialize)]
struct Language {
    code: String,
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Serialize)]
struct Question<'a> {
    q: &'a [String],
    source: &'a str,
    target: &'a str,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    translated_text: Vec<String>,
    detected_language: Option<Value>,
}

pub(super) async fn languages(http: &reqwest::Client, base: &Url, _key: Option<&str>) -> Result<Languages> {
    let found: Vec<Language> = read(http.get(endpoint(base, "languages")?).send().await).await?;
    let codes: Vec<String> = found.iter().map(|language| language.code.clone()).collect();
    let mut languages: Languages = found
        .into_iter()
        .map(|language| {
            // Older ones do not say: then everything goes.
            let targets = if language.targets.is_empty() { codes.clone() } else { language.targets };
            let targets = targets.into_iter().filter(|target| *target != language.code).collect();
            (language.code, targets)
        })
        .collect();
    languages.insert(UNKNOWN.to_owned(), codes);
    Ok(languages)
}

pub(super) async fn translate(
    http: &reqwest::Client,
    base: &Url,
    key: Option<&str>,
    texts: &[String],
    source: &str,
    target: &str,
) -> Result<Translated> {
    let asked = if source == UNKNOWN { "auto" } else { source };
    let question = Question { q: texts, source: asked, target, format: "html", api_key: key };
    let answer: Answer = read(http.post(endpoint(base, "translate")?).json(&question).send().await).await?;
    // One for each text, or one for all.
    let first = match &answer.detected_language {
        Some(Value::Array(each)) => each.first(),
        other => other.as_ref(),
    };
    let detected = first.and_then(|language| language.get("language")).and_then(Value::as_str);
    Ok(Translated {
        texts: answer.translated_text,
        source: if source == UNKNOWN { detected.unwrap_or(source).to_owned() } else { source.to_owned() },
        provider: NAME,
    })
}
