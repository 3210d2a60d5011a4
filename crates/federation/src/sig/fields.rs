//! Structured field values (RFC 8941, RFC 9651): as much as signatures and digests need, read strictly and bounded.
//! Duplicate keys are refused rather than overwritten: in a signature they are an attack, not a habit.

use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A header longer than this is refused unread.
const MAX_LENGTH: usize = 8 * 1024;
/// Members of a dictionary, items of an inner list, parameters of one item: more than this of any is refused.
const MAX_COUNT: usize = 32;

/// A bare item. Decimals, dates and display strings are not read: no field that we know has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Up to 15 digits, RFC 9651 §3.3.1.
    Integer(i64),
    /// In double quotes, RFC 9651 §3.3.3.
    String(String),
    /// A bare word, RFC 9651 §3.3.4.
    Token(String),
    /// Base64 between colons, RFC 9651 §3.3.5.
    Bytes(Vec<u8>),
    /// `?0` or `?1`; a parameter without a value is true, RFC 9651 §3.3.6.
    Boolean(bool),
}

/// Parameters in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(pub Vec<(String, Item)>);

impl Params {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&Item> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, item)| item)
    }

    /// The value of a parameter, if it is a string.
    pub fn string(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Item::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of a parameter, if it is an integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Item::Integer(number)) => Some(*number),
            _ => None,
        }
    }
}

/// The value of a dictionary's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// One item.
    Item(Item, Params),
    /// Items in parentheses.
    List(InnerList),
}

/// Items in parentheses, with parameters of their own and of the whole (RFC 9651 §3.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InnerList {
    /// The items.
    pub items: Vec<(Item, Params)>,
    /// The parameters behind the closing parenthesis.
    pub params: Params,
}

/// The text is not a structured field, or passes our bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// Reads a dictionary (RFC 9651 §4.2.2).
///
/// # Errors
/// [`Invalid`] when the text breaks the grammar, names a key twice, or has more than 8 KiB or 32 of anything.
pub fn parse_dictionary(text: &str) -> Result<Vec<(String, Member)>, Invalid> {
    if text.len() > MAX_LENGTH || !text.is_ascii() {
        return Err(Invalid);
    }
    let mut parser = Parser { rest: text.trim_matches(' ').as_bytes() };
    let mut members: Vec<(String, Member)> = Vec::new();
    while !parser.rest.is_empty() {
        let key = parser.key()?;
        let member = if parser.take(b'=') { parser.member()? } else { Member::Item(Item::Boolean(true), parser.params()?) };
        if members.len() >= MAX_COUNT || members.iter().any(|(have, _)| *have == key) {
            return Err(Invalid);
        }
        members.push((key, member));
        parser.skip_optional_space();
        if parser.rest.is_empty() {
            break;
        }
        if !parser.take(b',') {
            return Err(Invalid);
        }
        parser.skip_optional_space();
        // A trailing comma is an error (RFC 9651 §4.2.2).
        if parser.rest.is_empty() {
            return Err(Invalid);
        }
    }
    Ok(members)
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        if taken {
            self.rest = &self.rest[1..];
        }
        taken
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> String {
        let end = self.rest.iter().position(|byte| !accept(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.iter().map(|byte| char::from(*byte)).collect()
    }

    fn skip_spaces(&mut self) {
        while self.take(b' ') {}
    }

    fn skip_optional_space(&mut self) {
        while self.take(b' ') || self.take(b'\t') {}
    }

    fn key(&mut self) -> Result<String, Invalid> {
        if !self.peek().is_some_and(|first| first.is_ascii_lowercase() || first == b'*') {
            return Err(Invalid);
        }
        Ok(self.take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.' | b'*')))
    }

    fn member(&mut self) -> Result<Member, Invalid> {
        if self.take(b'(') {
            return self.inner_list().map(Member::List);
        }
        let item = self.item()?;
        Ok(Member::Item(item, self.params()?))
    }

    fn inner_list(&mut self) -> Result<InnerList, Invalid> {
        let mut items = Vec::new();
        loop {
            self.skip_spaces();
            if self.take(b')') {
                return Ok(InnerList { items, params: self.params()? });
            }
            if items.len() >= MAX_COUNT {
                return Err(Invalid);
            }
            let item = self.item()?;
            items.push((item, self.params()?));
            if !matches!(self.peek(), Some(b' ' | b')')) {
                return Err(Invalid);
            }
        }
    }

    fn params(&mut self) -> Result<Params, Invalid> {
        let mut params = Params::default();
        while self.take(b';') {
            self.skip_spaces();
            let key = self.key()?;
            let item = if self.take(b'=') { self.item()? } else { Item::Boolean(true) };
            if params.0.len() >= MAX_COUNT || params.get(&key).is_some() {
                return Err(Invalid);
            }
            params.0.push((key, item));
        }
        Ok(params)
    }

    fn item(&mut self) -> Result<Item, Invalid> {
        match self.peek().ok_or(Invalid)? {
            b'"' => self.string(),
            b':' => self.bytes(),
            b'?' => self.boolean(),
            first if first == b'-' || first.is_ascii_digit() => self.integer(),
            first if first == b'*' || first.is_ascii_alphabetic() => {
                Ok(Item::Token(self.take_while(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&b))))
            }
            _ => Err(Invalid),
        }
    }

    fn integer(&mut self) -> Result<Item, Invalid> {
        let negative = self.take(b'-');
        let digits = self.take_while(|b| b.is_ascii_digit());
        if digits.len() > 15 || self.peek() == Some(b'.') {
            return Err(Invalid);
        }
        let number: i64 = digits.parse().map_err(|_| Invalid)?;
        Ok(Item::Integer(if negative { -number } else { number }))
    }

    fn string(&mut self) -> Result<Item, Invalid> {
        self.take(b'"');
        let mut text = String::new();
        loop {
            let (&byte, rest) = self.rest.split_first().ok_or(Invalid)?;
            self.rest = rest;
            match byte {
                b'"' => return Ok(Item::String(text)),
                b'\\' => match self.rest.split_first() {
                    Some((&escaped @ (b'"' | b'\\'), rest)) => {
                        self.rest = rest;
                        text.push(char::from(escaped));
                    }
                    _ => return Err(Invalid),
                },
                0x20..=0x7e => text.push(char::from(byte)),
                _ => return Err(Invalid),
            }
        }
    }

    fn bytes(&mut self) -> Result<Item, Invalid> {
        self.take(b':');
        let text = self.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
        if !self.take(b':') {
            return Err(Invalid);
        }
        super::keys::LENIENT_BASE64.decode(text).map(Item::Bytes).map_err(|_| Invalid)
    }

    fn boolean(&mut self) -> Result<Item, Invalid> {
        self.take(b'?');
        match (self.take(b'1'), self.take(b'0')) {
            (true, false) => Ok(Item::Boolean(true)),
            (false, true) => Ok(Item::Boolean(false)),
            _ => Err(Invalid),
        }
    }
}

/// Writes the canonical form (RFC 9651 §4.1.3).
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::String(text) => {
                f.write_char('"')?;
                for character in text.chars() {
                    if matches!(character, '"' | '\\') {
                        f.write_char('\\')?;
                    }
                    f.write_char(character)?;
                }
                f.write_char('"')
            }
            Self::Token(text) => f.write_str(text),
            Self::Bytes(bytes) => write!(f, ":{}:", STANDARD.encode(bytes)),
            Self::Boolean(true) => f.write_str("?1"),
            Self::Boolean(false) => f.write_str("?0"),
        }
    }
}

/// Writes the canonical form (RFC 9651 §4.1.1.2).
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, item) in &self.0 {
            write!(f, ";{name}")?;
            if *item != Item::Boolean(true) {
                write!(f, "={item}")?;
            }
        }
        Ok(())
    }
}

/// Writes the canonical form (RFC 9651 §4.1.1.1).
impl fmt::Display for InnerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('(')?;
        for (index, (item, params)) in self.items.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            write!(f, "{item}{params}")?;
        }
        write!(f, "){}", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_signature_input_is_read_and_written_back() {
        let text = r#"sig1=("@method" "x-a";key="b\"c" "@query-param";name="Pet");created=1618884473;keyid="k";alg="ed25519";x"#;
        let members = parse_dictionary(text).unwrap();
        let [(label, Member::List(list))] = &members[..] else { panic!("{members:?}") };
        assert_eq!(label, "sig1");
        assert_eq!(list.items.len(), 3);
        assert_eq!(list.params.integer("created"), Some(1_618_884_473));
        assert_eq!(list.params.string("keyid"), Some("k"));
        assert_eq!(format!("{label}={list}"), text);
    }

    #[test]
    fn untidy_but_legal_texts_become_canonical() {
        let members = parse_dictionary("  a=(  \"b\"   \"c\" );  d=?1 ,\tb=tok/en ,c ,e=:aGk=:, f=-12").unwrap();
        assert_eq!(members.len(), 5);
        let Member::List(list) = &members[0].1 else { panic!() };
        assert_eq!(list.to_string(), r#"("b" "c");d"#);
        assert_eq!(members[1].1, Member::Item(Item::Token("tok/en".into()), Params::default()));
        assert_eq!(members[2].1, Member::Item(Item::Boolean(true), Params::default()));
        assert_eq!(members[3].1, Member::Item(Item::Bytes(b"hi".to_vec()), Params::default()));
        assert_eq!(members[4].1, Member::Item(Item::Integer(-12), Params::default()));
        assert_eq!(parse_dictionary(""), Ok(vec![]));
    }

    #[test]
    fn broken_and_ambiguous_texts_are_refused() {
        for text in [
            "a,",
            "a=1,,b=2",
            "A=1",
            "a=1 b=2",
            "a=(",
            "a=(\"b\"\"c\")",
            "a=\"b",
            "a=\"\\n\"",
            "a=\"\u{e9}\"",
            "a=:b",
            "a=?2",
            "a=1.5",
            "a=1,a=2",
            "a=1;b;b",
            "a=1234567890123456",
            "a=-",
            "a=",
            "=1",
            "a=@12",
            ",",
        ] {
            assert_eq!(parse_dictionary(text), Err(Invalid), "{text}");
        }
        assert!(parse_dictionary(&"a=1, ".repeat(4000)).is_err());
        assert!(parse_dictionary(&format!("a=({})", "\"b\" ".repeat(33))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = parse_dictionary(&text);
        }

        #[test]
        fn what_is_written_is_read_back(name in "[a-z]{1,8}", text in "[ -~]{0,40}", number in -999_999_999_999_999i64..=999_999_999_999_999, bytes: Vec<u8>) {
            let list = InnerList {
                items: vec![(Item::String(text), Params::default()), (Item::Bytes(bytes), Params::default())],
                params: Params(vec![(name, Item::Integer(number))]),
            };
            prop_assert_eq!(parse_dictionary(&format!("l={list}")), Ok(vec![("l".to_owned(), Member::List(list))]));
        }
    }
}
