//! Reads typed parameters from a tree, leniently: texts for numbers and booleans, one value for a list of one,
//! `{"0": …}` for a list. Every error knows the path of the field that it is about.

use std::cell::RefCell;
use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use majlis_local::Flaw;
use majlis_local::error::NO_NUL;
use majlis_media::Incoming;
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, Unexpected, Visitor};

use tempfile::TempPath;

use super::Tree;
use crate::error::{Error, FieldError, Result};

/// Empty texts that may turn out to stand for nothing, at the most.
const BLANKS_LIMIT: usize = 64;
/// The name by which an upload asks for itself.
const UPLOAD: &str = "majlis::Upload";

thread_local! {
    /// The files of the tree that is being read: serde's data model has no place for one, so an [`Upload`] reads its number
    /// and takes the file from here.
    static FILES: RefCell<Vec<Upload>> = const { RefCell::new(Vec::new()) };
}

/// A file that came in a multipart body. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its content; empty when it lies on the disk.
    pub bytes: Bytes,
    /// Where it lies when it is larger than a picture may be. Only an attachment's file is ever kept so.
    pub spooled: Option<Spooled>,
    /// The name that the client gave it; not to be trusted.
    pub filename: Option<String>,
    /// The media type that the client gave it; not to be trusted.
    pub content_type: Option<String>,
}

/// A field that JSON's `null` empties, which otherwise counts as absent: Phanpy ends a filter's end so. The field is declared
/// `#[serde(default, alias = "name?")] name: Clearable<T>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Clearable<T> {
    /// It was not sent.
    #[default]
    Absent,
    /// It was sent as `null`.
    Null,
    /// It was sent.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Clearable<T> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        Ok(Option::deserialize(d)?.map_or(Self::Null, Self::Value))
    }
}

impl Upload {
    /// The file as the media room takes it.
    pub fn incoming(&self) -> Incoming {
        match &self.spooled {
            Some(spooled) => Incoming::Disk(spooled.0.to_path_buf()),
            None => Incoming::Memory(self.bytes.clone()),
        }
    }
}

/// A file on the disk, deleted when nobody holds it any more. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Spooled(Arc<TempPath>);

impl Spooled {
    pub(crate) fn new(path: TempPath) -> Self {
        Self(Arc::new(path))
    }
}

impl PartialEq for Spooled {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_os_str() == other.0.as_os_str()
    }
}

impl Eq for Spooled {}

impl<'de> Deserialize<'de> for Upload {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        struct FileVisitor;
        impl Visitor<'_> for FileVisitor {
            type Value = Upload;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a file in a multipart body")
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> std::result::Result<Upload, E> {
                let file = FILES.with_borrow(|files| files.get(usize::try_from(n).unwrap_or(usize::MAX)).cloned());
                file.ok_or_else(|| E::custom("a file in a multipart body"))
            }
        }
        d.deserialize_newtype_struct(UPLOAD, FileVisitor)
    }
}

/// A text, unless it has the one character that PostgreSQL holds in no text.
fn storable(text: &str) -> Outcome<&str> {
    if text.contains('\0') { Err(ReadError::custom(NO_NUL)) } else { Ok(text) }
}

/// Reads a type from a tree.
///
/// # Errors
/// 422 with the field's name, what is wrong and what would be right.
pub(crate) fn read<T: DeserializeOwned>(tree: &Tree) -> Result<T> {
    FILES.with_borrow_mut(Vec::clear);
    let blanks = RefCell::new(Vec::new());
    let outcome = loop {
        let known = blanks.borrow().len();
        match T::deserialize(Reader { tree, blanks: &blanks }) {
            Ok(value) => break Ok(value),
            // An empty text stood where no text was wanted: read again as if it had not been sent.
            Err(_) if (known + 1..=BLANKS_LIMIT).contains(&blanks.borrow().len()) => {}
            Err(error) => break Err(error),
        }
        FILES.with_borrow_mut(Vec::clear);
    };
    FILES.with_borrow_mut(Vec::clear);
    outcome.map_err(ReadError::into_public)
}

/// What is wrong with a parameter.
#[derive(Debug)]
struct ReadError {
    /// The names from the outermost to the innermost, gathered inside out.
    path: Vec<String>,
    flaw: Flaw,
    message: String,
}

impl ReadError {
    fn at(mut self, step: impl Into<String>) -> Self {
        self.path.push(step.into());
        self
    }

    fn into_public(self) -> Error {
        let mut steps = self.path.into_iter().rev();
        let mut field = steps.next().unwrap_or_else(|| "base".to_owned());
        for step in steps {
            field.push('[');
            field.push_str(&step);
            field.push(']');
        }
        Error::Invalid(vec![FieldError { field, flaw: self.flaw, message: self.message }])
    }
}

impl Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl serde::de::Error for ReadError {
    fn custom<T: Display>(message: T) -> Self {
        Self { path: Vec::new(), flaw: Flaw::Invalid, message: format!("is invalid: {message}") }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self { path: Vec::new(), flaw: Flaw::Invalid, message: format!("must be {expected}, not {unexpected}") }
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let variant: String = variant.chars().take(64).collect();
        let message = format!("is not included in the list: {variant:?} is none of {}", expected.join(", "));
        Self { path: Vec::new(), flaw: Flaw::Inclusion, message }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { path: vec![field.to_owned()], flaw: Flaw::Blank, message: "can't be blank".to_owned() }
    }
}

type Outcome<T> = std::result::Result<T, ReadError>;

/// Reads one node.
#[derive(Clone, Copy)]
struct Reader<'a> {
    tree: &'a Tree,
    /// The empty texts that count as not sent, by their address.
    blanks: &'a RefCell<Vec<*const Tree>>,
}

impl<'a> Reader<'a> {
    fn on(self, tree: &'a Tree) -> Self {
        Self { tree, ..self }
    }

    /// What a scalar is read from: of a list its last element, as Rack has it.
    fn scalar(self) -> &'a Tree {
        match self.tree {
            Tree::List(items) => items.last().unwrap_or(&Tree::Null),
            tree => tree,
        }
    }

    /// Whether a node is as good as not there.
    fn is_absent(self, tree: &Tree) -> bool {
        matches!(tree, Tree::Null) || self.blanks.borrow().contains(&std::ptr::from_ref(tree))
    }

    /// Remembers an empty text that was refused, so that the next reading passes over it.
    fn or_blank<T>(self, outcome: Outcome<T>) -> Outcome<T> {
        if outcome.is_err() && matches!(self.scalar(), Tree::Text(text) if text.trim().is_empty()) {
            self.blanks.borrow_mut().push(std::ptr::from_ref(self.tree));
        }
        outcome
    }

    fn unexpected(self) -> Unexpected<'a> {
        match self.scalar() {
            Tree::Null => Unexpected::Unit,
            Tree::Bool(b) => Unexpected::Bool(*b),
            Tree::Number(n) => n.as_i64().map_or(Unexpected::Float(n.as_f64().unwrap_or_default()), Unexpected::Signed),
            Tree::Text(text) => Unexpected::Str(shortened(text)),
            Tree::File(_) => Unexpected::Other("a file"),
            Tree::List(_) => Unexpected::Seq,
            Tree::Map(_) => Unexpected::Map,
        }
    }

    fn boolean(self) -> Option<bool> {
        match self.scalar() {
            Tree::Bool(b) => Some(*b),
            Tree::Number(n) => match n.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Tree::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "on" | "yes" | "t" => Some(true),
                "false" | "0" | "off" | "no" | "f" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    fn integer(self) -> Option<i128> {
        match self.scalar() {
            Tree::Number(n) => match n.as_i128() {
                Some(n) => Some(n),
                // 5.0 is a whole number, too.
                #[allow(clippy::cast_possible_truncation)]
                None => n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i128),
            },
            Tree::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn float(self) -> Option<f64> {
        match self.scalar() {
            Tree::Number(n) => n.as_f64(),
            Tree::Text(text) => text.trim().parse().ok().filter(|f: &f64| f.is_finite()),
            _ => None,
        }
    }

    fn text<V: Visitor<'a>>(self, visitor: V) -> Outcome<V::Value> {
        match self.scalar() {
            Tree::Text(text) => visitor.visit_borrowed_str(storable(text)?),
            Tree::Number(n) => visitor.visit_string(n.to_string()),
            Tree::Bool(b) => visitor.visit_str(if *b { "true" } else { "false" }),
            _ => Err(ReadError::invalid_type(self.unexpected(), &"a text")),
        }
    }

    /// The elements when a list is wanted: a list's, those of `{"0": …, "1": …}` in the order of their numbers, or the one value.
    fn elements(self) -> Vec<(String, &'a Tree)> {
        let is_there = |tree: &Tree| !self.is_absent(tree) && !matches!(tree, Tree::Text(text) if text.is_empty());
        match self.tree {
            Tree::Null => Vec::new(),
            // `x[]=` is how a form says that a list is empty.
            Tree::List(items) => {
                // Mastodon.py writes `id[][]` for `id[]`. No parameter is a list of lists.
                let flat = items
                    .iter()
                    .flat_map(|tree| if let Tree::List(inner) = tree { inner.as_slice() } else { std::slice::from_ref(tree) });
                flat.enumerate().map(|(n, t)| (n.to_string(), t)).filter(|(_, t)| is_there(t)).collect()
            }
            Tree::Map(entries) => {
                let numbered: Option<Vec<(u32, &Tree)>> =
                    entries.iter().map(|(name, tree)| Some((name.parse().ok()?, tree))).collect();
                match numbered {
                    Some(mut numbered) => {
                        numbered.sort_by_key(|(n, _)| *n);
                        numbered.into_iter().filter(|(_, t)| is_there(t)).map(|(n, t)| (n.to_string(), t)).collect()
                    }
                    None => vec![("0".to_owned(), self.tree)],
                }
            }
            tree if is_there(tree) => vec![("0".to_owned(), tree)],
            _ => Vec::new(),
        }
    }
}

fn shortened(text: &str) -> &str {
    text.char_indices().nth(64).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
            let outcome = match self.integer() {
                Some(n) => match <$type>::try_from(n) {
                    Ok(n) => visitor.$visit(n),
                    Err(_) => Err(ReadError::invalid_value(
                        self.unexpected(),
                        &format!("a whole number from {} to {}", <$type>::MIN, <$type>::MAX).as_str(),
                    )),
                },
                None => Err(ReadError::invalid_type(self.unexpected(), &"a whole number")),
            };
            self.or_blank(outcome)
        }
    )*};
}

impl<'de> serde::Deserializer<'de> for Reader<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        let outcome = match self.tree {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(b) => visitor.visit_bool(*b),
            Tree::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
                (Some(n), _, _) => visitor.visit_i64(n),
                (None, Some(n), _) => visitor.visit_u64(n),
                (None, None, f) => visitor.visit_f64(f.unwrap_or_default()),
            },
            Tree::Text(text) => visitor.visit_borrowed_str(storable(text)?),
            Tree::File(_) => self.deserialize_newtype_struct(UPLOAD, visitor),
            Tree::List(_) => self.deserialize_seq(visitor),
            Tree::Map(_) => self.deserialize_map(visitor),
        };
        self.or_blank(outcome)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.or_blank(match self.boolean() {
            Some(b) => visitor.visit_bool(b),
            None => Err(ReadError::invalid_type(self.unexpected(), &"true or false")),
        })
    }

    whole_numbers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.or_blank(match self.float() {
            Some(n) => visitor.visit_f64(n),
            None => Err(ReadError::invalid_type(self.unexpected(), &"a number")),
        })
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.or_blank(self.text(visitor))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.or_blank(self.text(visitor))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.or_blank(self.text(visitor))
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.scalar() {
            Tree::File(file) => visitor.visit_bytes(&file.bytes),
            _ => self.text(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        if self.is_absent(self.tree) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Outcome<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Outcome<V::Value> {
        if name != UPLOAD {
            return visitor.visit_newtype_struct(self);
        }
        let Tree::File(file) = self.scalar() else {
            return self.or_blank(Err(ReadError::invalid_type(self.unexpected(), &"a file in a multipart body")));
        };
        let number = FILES.with_borrow_mut(|files| {
            files.push(file.clone());
            files.len() - 1
        });
        visitor.visit_u64(number as u64)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        visitor.visit_seq(Elements { reader: self, items: self.elements().into_iter() })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Outcome<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Outcome<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.tree {
            Tree::Map(entries) => visitor.visit_map(Entries { reader: self, items: entries.iter(), value: None, fields: &[] }),
            _ => self.or_blank(Err(ReadError::invalid_type(self.unexpected(), &"an object"))),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        match self.tree {
            Tree::Map(entries) => visitor.visit_map(Entries { reader: self, items: entries.iter(), value: None, fields }),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Outcome<V::Value> {
        use serde::de::IntoDeserializer as _;
        self.or_blank(match self.scalar() {
            Tree::Text(text) => visitor.visit_enum(text.trim().into_deserializer()),
            Tree::Map(_) => visitor.visit_enum(serde::de::value::MapAccessDeserializer::new(Entries {
                reader: self,
                items: match self.scalar() {
                    Tree::Map(entries) => entries.iter(),
                    _ => [].iter(),
                },
                value: None,
                fields: &[],
            })),
            _ => Err(ReadError::invalid_type(self.unexpected(), &"a text")),
        })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        self.text(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        visitor.visit_unit()
    }
}

/// The elements of a list.
struct Elements<'a> {
    reader: Reader<'a>,
    items: std::vec::IntoIter<(String, &'a Tree)>,
}

impl<'de> serde::de::SeqAccess<'de> for Elements<'de> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Outcome<Option<S::Value>> {
        let Some((step, tree)) = self.items.next() else { return Ok(None) };
        seed.deserialize(self.reader.on(tree)).map(Some).map_err(|error| error.at(step))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The entries of a map; what is absent is passed over.
struct Entries<'a> {
    reader: Reader<'a>,
    items: std::slice::Iter<'a, (String, Tree)>,
    value: Option<&'a (String, Tree)>,
    /// The names of a struct's fields.
    fields: &'static [&'static str],
}

impl Entries<'_> {
    /// Whether the struct wants to hear of `null` in a field: then it knows it under a second name (see [`Clearable`]).
    fn hears_null(fields: &[&str], name: &str, tree: &Tree) -> bool {
        matches!(tree, Tree::Null) && fields.iter().any(|field| field.strip_suffix('?') == Some(name))
    }
}

impl<'de> serde::de::MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Outcome<Option<S::Value>> {
        let reader = self.reader;
        let fields = self.fields;
        let is_there = |(name, tree): &&(String, Tree)| !reader.is_absent(tree) || Self::hears_null(fields, name, tree);
        let Some(entry) = self.items.find(is_there) else { return Ok(None) };
        self.value = Some(entry);
        let name: serde::de::value::BorrowedStrDeserializer<'de, ReadError> =
            serde::de::value::BorrowedStrDeserializer::new(&entry.0);
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Outcome<S::Value> {
        let Some((name, tree)) = self.value.take() else {
            return Err(ReadError::custom("a value was asked for before its name"));
        };
        seed.deserialize(self.reader.on(tree)).map_err(|error| error.at(name.as_str()))
    }
}
