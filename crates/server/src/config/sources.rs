//! Where settings come from, in layers by figment, and the sentences about what is wrong in them.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value as Node};
use figment::{Figment, Metadata, Profile, Provider};

use super::values::Value;
use super::{Config, DEFINITIONS, Definition};

/// What the process was given.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Settings of the command line: key and value.
    pub flags: Vec<(&'static str, String)>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The file, which must be there.
    pub file: Option<PathBuf>,
}

/// Where a setting's value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Variable(&'static str),
    /// The command line.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// A configuration and the sources that it was read from.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Where they stand.
    pub sources: Sources,
}

/// The layers.
#[derive(Debug)]
pub struct Sources {
    layers: Figment,
    /// Environment variables that look like ours and are none.
    strangers: Vec<String>,
}

/// A value that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    key: &'static str,
    value: String,
    source: Source,
    right: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} (from {}) is not {}", self.key, self.value, self.source, self.right)
    }
}

/// Why there is no configuration.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read or is not TOML.
    File(PathBuf, String),
    /// Keys of the file that are no settings, with the nearest one that is.
    Unknown(PathBuf, Vec<(String, Option<&'static str>)>),
    /// Values that cannot be.
    Wrong(Vec<Wrong>),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, why) => write!(f, "cannot read the configuration {}: {why}", path.display()),
            Self::Unknown(path, keys) => {
                write!(f, "the configuration {} has keys that are no settings:", path.display())?;
                for (key, nearest) in keys {
                    write!(f, "\n  {key}")?;
                    if let Some(nearest) = nearest {
                        write!(f, " (do you mean {nearest}?)")?;
                    }
                }
                f.write_str("\n`majlis config print` lists all settings")
            }
            Self::Wrong(wrong) => {
                f.write_str("the configuration is wrong:")?;
                wrong.iter().try_for_each(|wrong| write!(f, "\n  {wrong}"))
            }
        }
    }
}

impl std::error::Error for ConfigError {}

impl Sources {
    /// Puts the layers on each other: default, file, environment, flags.
    pub(super) fn gather(given: &Given) -> Result<Self, ConfigError> {
        let defaults = DEFINITIONS.iter().map(|d| (d.key.to_owned(), Node::from(d.default))).collect::<Dict>();
        let mut layers = Figment::from(Serialized::defaults(defaults));
        if let Some(path) = &given.file {
            layers = layers.merge(read_file(path)?);
        }
        let environment = environment(&given.environment);
        let flags = given.flags.iter().map(|(key, value)| ((*key).to_owned(), Node::from(value.as_str()))).collect();
        layers = layers.merge(Layer { name: ENVIRONMENT, values: environment }).merge(Layer { name: FLAGS, values: flags });
        Ok(Self { layers, strangers: strangers(&given.environment) })
    }

    /// What a setting says, as text, and where.
    pub fn text(&self, key: &str) -> (String, Source) {
        let text = self.layers.find_value(key).ok().and_then(|node| as_text(&node)).unwrap_or_default();
        (text, self.source(key))
    }

    /// Where a setting stands.
    pub fn source(&self, key: &str) -> Source {
        let Some(definition) = definition(key) else { return Source::Default };
        match self.layers.find_metadata(key) {
            Some(metadata) if metadata.name == ENVIRONMENT => Source::Variable(definition.variable),
            Some(metadata) if metadata.name == FLAGS => Source::Flag(definition.flag()),
            Some(metadata) => {
                let file = metadata.source.as_ref().and_then(|source| source.file_path());
                file.map_or(Source::Default, |path| Source::File(path.to_owned()))
            }
            None => Source::Default,
        }
    }

    /// Environment variables that begin with `MAJLIS_` and are no settings, each with a sentence.
    pub fn warnings(&self) -> Vec<String> {
        let say = |name: &String| match nearest(name, DEFINITIONS.iter().map(|d| d.variable)) {
            Some(nearest) => format!("{name} is no setting (do you mean {nearest}?)"),
            None => format!("{name} is no setting"),
        };
        self.strangers.iter().map(say).collect()
    }

    /// Reads a setting, or remembers what is wrong with it.
    pub(super) fn parse<T: Value>(&self, key: &'static str, wrong: &mut Vec<Wrong>) -> Option<T> {
        let parsed = match self.layers.find_value(key).ok().map(|node| as_text(&node)) {
            Some(None) => Err("a single value".to_owned()),
            Some(Some(text)) => T::parse(&text),
            None => T::parse(""),
        };
        parsed.map_err(|right| wrong.push(self.wrong(key, right))).ok()
    }

    /// The sentence about a value that cannot be.
    pub(super) fn wrong(&self, key: &'static str, right: String) -> Wrong {
        let (text, source) = self.text(key);
        Wrong { key, value: mask(key, &text), source, right }
    }

    /// Every setting with its value and where it stands, for people; passwords are masked.
    pub fn print(&self) -> String {
        let rows: Vec<(&str, String, Source)> = DEFINITIONS
            .iter()
            .map(|d| {
                let (text, source) = self.text(d.key);
                (d.key, format!("{:?}", mask(d.key, &text)), source)
            })
            .collect();
        let widest = |width: fn(&(&str, String, Source)) -> usize| rows.iter().map(width).max().unwrap_or_default();
        let (keys, values) = (widest(|row| row.0.len()), widest(|row| row.1.chars().count()).min(44));
        let mut page = String::new();
        for (key, value, source) in rows {
            let _ = writeln!(page, "{key:keys$} = {value:values$}  # {source}");
        }
        page
    }
}

const ENVIRONMENT: &str = "environment";
const FLAGS: &str = "flags";

/// A layer of texts.
struct Layer {
    name: &'static str,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn definition(key: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|d| d.key == key)
}

/// The settings of the environment. Texts stay texts: `MAJLIS_TITLE=1.0` is no number.
fn environment(variables: &[(OsString, OsString)]) -> Dict {
    let value = |d: &Definition| {
        let (_, value) = variables.iter().find(|(name, _)| name == d.variable)?;
        Some((d.key.to_owned(), Node::from(value.to_string_lossy().into_owned())))
    };
    DEFINITIONS.iter().filter_map(value).collect()
}

/// Names that begin like ours and are none of ours, nor of the command line.
fn strangers(variables: &[(OsString, OsString)]) -> Vec<String> {
    let ours = |name: &str| name == super::FILE_VARIABLE || DEFINITIONS.iter().any(|d| d.variable == name);
    let names = variables.iter().filter_map(|(name, _)| name.to_str());
    names.filter(|name| name.starts_with("MAJLIS_") && !ours(name)).map(ToOwned::to_owned).collect()
}

/// A file's layer, when every key of it is a setting.
fn read_file(path: &Path) -> Result<figment::providers::Data<Toml>, ConfigError> {
    // figment takes a missing file for an empty one.
    std::fs::metadata(path).map_err(|error| ConfigError::File(path.to_owned(), error.to_string()))?;
    let provider = Toml::file_exact(path);
    let data = provider.data().map_err(|error| ConfigError::File(path.to_owned(), error.to_string()))?;
    let unknown: Vec<(String, Option<&'static str>)> = data
        .values()
        .flat_map(Dict::keys)
        .filter(|key| definition(key).is_none())
        .map(|key| (key.clone(), nearest(key, DEFINITIONS.iter().map(|d| d.key))))
        .collect();
    if unknown.is_empty() { Ok(provider) } else { Err(ConfigError::Unknown(path.to_owned(), unknown)) }
}

/// The known name that is most like a given one, when it is like it at all.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// A value of the file as the text that the other sources would hold; lists are joined by commas.
fn as_text(node: &Node) -> Option<String> {
    match node {
        Node::String(_, text) => Some(text.clone()),
        Node::Char(_, c) => Some(c.to_string()),
        Node::Bool(_, on) => Some(on.to_string()),
        Node::Num(_, number) => match (number.to_i128(), number.to_u128()) {
            (Some(n), _) => Some(n.to_string()),
            (_, Some(n)) => Some(n.to_string()),
            _ => number.to_f64().map(|n| n.to_string()),
        },
        Node::Array(_, nodes) => nodes.iter().map(as_text).collect::<Option<Vec<_>>>().map(|parts| parts.join(", ")),
        Node::Dict(..) | Node::Empty(..) => None,
    }
}

/// A value that may be shown: without the password that stands in it, or that it is.
fn mask(key: &str, text: &str) -> String {
    if key.ends_with("_secret_key") && !text.is_empty() {
        return "…".to_owned();
    }
    if definition(key).is_some_and(|d| d.secret) { without_password(text) } else { text.to_owned() }
}

/// A URL without its password, even when it is not quite a URL: what is wrong is shown to people too.
fn without_password(url: &str) -> String {
    let mut shown = url.to_owned();
    if let Some(start) = url.find("://").map(|i| i + 3)
        && let Some(end) = url.rfind('@').filter(|end| *end > start)
        && let Some(colon) = url[start..end].find(':').map(|i| start + i)
    {
        shown.replace_range(colon + 1..end, "…");
    }
    if let Some(start) = shown.find("password=").map(|i| i + "password=".len()) {
        let end = shown[start..].find('&').map_or(shown.len(), |i| start + i);
        shown.replace_range(start..end, "…");
    }
    shown
}
