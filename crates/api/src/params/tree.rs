//! What a request carried, as a tree of texts, JSON's scalars and files, whichever way it was written.

use std::borrow::Cow;

use super::Upload;
use crate::error::{Error, Result};

/// Nodes of one request at the most.
const NODES_LIMIT: usize = 4_000;
/// Brackets within one another, and JSON values within one another, at the most.
const DEPTH_LIMIT: usize = 16;

/// A value as it was sent.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    /// JSON's `null`.
    Null,
    /// JSON's `true` and `false`.
    Bool(bool),
    /// A JSON number.
    Number(serde_json::Number),
    /// A text: of a form, where everything is text, or of JSON.
    Text(String),
    /// A file of a multipart body.
    File(Upload),
    /// Values in their order.
    List(Vec<Tree>),
    /// Values by name, in the order in which they came.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// No parameters.
    pub(crate) fn empty() -> Self {
        Self::Map(Vec::new())
    }

    /// The same parameters with those of `other` in their place where both have a name.
    pub(crate) fn overlaid_by(self, other: Self) -> Self {
        let (Self::Map(mut entries), Self::Map(others)) = (self, other) else {
            return Self::empty();
        };
        entries.retain(|(name, _)| !others.iter().any(|(other, _)| other == name));
        entries.extend(others);
        Self::Map(entries)
    }
}

/// The tree of a query string or an urlencoded body.
pub(crate) fn from_pairs(text: &[u8]) -> Result<Tree> {
    let mut builder = Builder::default();
    for (name, value) in url::form_urlencoded::parse(text) {
        builder.insert(&name, Tree::Text(value.into_owned()))?;
    }
    Ok(builder.finish())
}

/// The tree of a JSON object.
pub(crate) fn from_json(text: &[u8]) -> Result<Tree> {
    let value: serde_json::Value =
        serde_json::from_slice(text).map_err(|e| Error::bad_request(format!("The body is not valid JSON: {e}")))?;
    if !value.is_object() {
        return Err(Error::bad_request("The body must be a JSON object."));
    }
    let mut nodes = 0;
    convert(value, 0, &mut nodes)
}

fn convert(value: serde_json::Value, depth: usize, nodes: &mut usize) -> Result<Tree> {
    *nodes += 1;
    check_bounds(*nodes, depth)?;
    Ok(match value {
        serde_json::Value::Null => Tree::Null,
        serde_json::Value::Bool(b) => Tree::Bool(b),
        serde_json::Value::Number(n) => Tree::Number(n),
        serde_json::Value::String(s) => Tree::Text(s),
        serde_json::Value::Array(values) => {
            Tree::List(values.into_iter().map(|v| convert(v, depth + 1, nodes)).collect::<Result<_>>()?)
        }
        serde_json::Value::Object(values) => {
            Tree::Map(values.into_iter().map(|(k, v)| Ok((k, convert(v, depth + 1, nodes)?))).collect::<Result<_>>()?)
        }
    })
}

fn check_bounds(nodes: usize, depth: usize) -> Result<()> {
    if nodes > NODES_LIMIT {
        return Err(Error::bad_request(format!("A request may carry {NODES_LIMIT} parameters at the most.")));
    }
    if depth > DEPTH_LIMIT {
        return Err(Error::bad_request(format!("Parameters may be nested {DEPTH_LIMIT} deep at the most.")));
    }
    Ok(())
}

/// Grows a tree from names with brackets.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    entries: Vec<(String, Tree)>,
    nodes: usize,
}

impl Builder {
    /// Puts a value where its name says: `a`, `a[]`, `a[0]`, `a[b]`, `a[][b]` and any mixture. A name that is not so
    /// formed is taken as it stands.
    pub(crate) fn insert(&mut self, name: &str, leaf: Tree) -> Result<()> {
        let (first, steps) = parse_name(name);
        self.nodes += 1 + steps.len();
        check_bounds(self.nodes, steps.len())?;
        put_by_name(&mut self.entries, &first, &steps, leaf);
        Ok(())
    }

    /// The grown tree.
    pub(crate) fn finish(self) -> Tree {
        Tree::Map(self.entries)
    }
}

/// `a[b][]` → `a` and `["b", ""]`.
fn parse_name(name: &str) -> (Cow<'_, str>, Vec<&str>) {
    let whole = || (Cow::Borrowed(name), Vec::new());
    let Some((first, mut rest)) = name.split_once('[').filter(|(first, _)| !first.is_empty()) else {
        return whole();
    };
    let mut steps = Vec::new();
    loop {
        let Some((step, after)) = rest.split_once(']') else { return whole() };
        steps.push(step);
        if after.is_empty() {
            return (Cow::Borrowed(first), steps);
        }
        let Some(next) = after.strip_prefix('[') else { return whole() };
        rest = next;
    }
}

fn put_by_name(entries: &mut Vec<(String, Tree)>, name: &str, steps: &[&str], leaf: Tree) {
    match entries.iter_mut().find(|(key, _)| key == name) {
        Some((_, there)) => put(there, steps, leaf),
        None => entries.push((name.to_owned(), grown(steps, leaf))),
    }
}

/// Puts a leaf below a node that is there. A leaf upon a leaf makes a list of both: `x=1&x=2`.
fn put(there: &mut Tree, steps: &[&str], leaf: Tree) {
    match (steps, &mut *there) {
        ([], Tree::List(items)) => items.push(leaf),
        ([], Tree::Map(_)) => *there = leaf,
        ([], scalar) => {
            let first = std::mem::replace(scalar, Tree::Null);
            *scalar = Tree::List(vec![first, leaf]);
        }
        (["", rest @ ..], Tree::List(items)) => put_into_list(items, rest, leaf),
        ([name, rest @ ..], Tree::Map(entries)) if !name.is_empty() => put_by_name(entries, name, rest, leaf),
        // `x=1&x[a]=2`, `x[]=1&x[a]=2`: the later shape wins.
        (steps, there) => *there = grown(steps, leaf),
    }
}

/// `x[][a]=1&x[][b]=2&x[][a]=3`: a name that the last element has already begins the next element (Rack's rule).
fn put_into_list(items: &mut Vec<Tree>, steps: &[&str], leaf: Tree) {
    if let [name, rest @ ..] = steps
        && !name.is_empty()
        && let Some(Tree::Map(entries)) = items.last_mut()
    {
        let taken = entries.iter().find(|(key, _)| key == name).is_some_and(|(_, value)| rest.is_empty() || !grows(value, rest));
        if !taken {
            return put_by_name(entries, name, rest, leaf);
        }
    }
    items.push(grown(steps, leaf));
}

/// Whether a value can take one more leaf at `steps` without losing what it has.
fn grows(value: &Tree, steps: &[&str]) -> bool {
    match (value, steps) {
        (Tree::List(_), ["", ..]) => true,
        (Tree::Map(entries), [name, rest @ ..]) => match entries.iter().find(|(key, _)| key == name) {
            Some((_, value)) => !rest.is_empty() && grows(value, rest),
            None => true,
        },
        _ => false,
    }
}

/// A fresh branch with a leaf at its end.
fn grown(steps: &[&str], leaf: Tree) -> Tree {
    steps.iter().rev().fold(leaf, |below, step| {
        if step.is_empty() { Tree::List(vec![below]) } else { Tree::Map(vec![((*step).to_owned(), below)]) }
    })
}
