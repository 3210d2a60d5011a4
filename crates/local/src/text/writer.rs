//! Writing the small HTML that posts may hold: tags always balance, nesting is bounded, and a browser's parser builds
//! exactly the elements that stand in the output.

use super::html::{escape_text, reference};

/// How deep elements may nest; tags below that are dropped, their text stays. Real posts stay under ten.
pub(crate) const MAX_DEPTH: usize = 64;

/// How long one text node may be, in bytes of its escaped form: behind that an empty `<span>` begins another. html5ever
/// escapes a text node in time quadratic in its length.
pub(crate) const MAX_TEXT_NODE: usize = 16 * 1024;

/// Writes HTML whose tags balance and nest as browsers build them: a block closes the paragraph before it, an item
/// the item before it, a link the link before it.
#[derive(Default)]
pub(crate) struct Writer {
    out: String,
    open: Vec<&'static str>,
    /// A line break that is owed before the next text (a boundary of a block that posts cannot hold).
    owed_break: bool,
    /// Whether the current line holds text.
    line_has_text: bool,
    /// Directly after `<pre>`, where parsers swallow one newline.
    at_pre_start: bool,
    /// Where the current text node starts in the output.
    text_start: usize,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), ..Self::default() }
    }

    pub(crate) fn is_open(&self, name: &str) -> bool {
        self.open.contains(&name)
    }

    /// Opens an element; `attributes` is empty or starts with a space and is already escaped.
    pub(crate) fn open(&mut self, name: &'static str, attributes: &str) {
        match name {
            "p" | "blockquote" | "pre" | "ul" | "ol" => self.close("p"),
            "li" => {
                let previous = self.open.iter().rposition(|open| matches!(*open, "li" | "ul" | "ol" | "blockquote" | "pre"));
                if let Some(at) = previous.filter(|at| self.open[*at] == "li") {
                    self.close_to(at);
                }
                self.close("p");
            }
            "rt" | "rp" if self.is_open("ruby") => {
                while self.open.last().is_some_and(|open| matches!(*open, "rt" | "rp" | "p" | "li")) {
                    self.close_to(self.open.len() - 1);
                }
            }
            "a" => self.close("a"),
            _ => {}
        }
        if self.open.len() >= MAX_DEPTH {
            return;
        }
        if is_block(name) {
            self.line_starts();
        } else {
            self.pay_break();
        }
        self.at_pre_start = name == "pre";
        self.open.push(name);
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(attributes);
        self.out.push('>');
        self.text_start = self.out.len();
    }

    /// Closes the innermost element of that name with all inside it; nothing when none is open.
    pub(crate) fn close(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|open| *open == name) {
            self.close_to(at);
        }
    }

    fn close_to(&mut self, depth: usize) {
        self.at_pre_start = false;
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
                self.text_start = self.out.len();
                if is_block(name) {
                    self.line_starts();
                }
            }
        }
    }

    /// Text that is escaped already, character references included.
    pub(crate) fn raw_text(&mut self, text: &str) {
        let mut text = text;
        if self.at_pre_start {
            text = without_leading_newlines(text);
            if text.is_empty() {
                return;
            }
        }
        if !text.bytes().all(|b| b.is_ascii_whitespace()) {
            self.pay_break();
            self.line_has_text = true;
        }
        self.at_pre_start = false;
        while self.out.len() - self.text_start + text.len() > MAX_TEXT_NODE {
            let room = MAX_TEXT_NODE.saturating_sub(self.out.len() - self.text_start);
            let (node, rest) = text.split_at(outside_references(text, room));
            self.out.push_str(node);
            self.out.push_str("<span></span>");
            self.text_start = self.out.len();
            text = rest;
        }
        self.out.push_str(text);
    }

    /// Text of which this escapes what needs it.
    pub(crate) fn text(&mut self, text: &str) {
        let mut escaped = String::with_capacity(text.len() + text.len() / 16);
        escape_text(&mut escaped, text);
        self.raw_text(&escaped);
    }

    pub(crate) fn line_break(&mut self) {
        self.at_pre_start = false;
        self.line_starts();
        self.out.push_str("<br>");
        self.text_start = self.out.len();
    }

    /// The boundary of a block that posts cannot hold: a line break before the next text, if there was text before.
    pub(crate) fn boundary(&mut self) {
        self.owed_break |= self.line_has_text;
    }

    /// Complete inline HTML.
    pub(crate) fn inline(&mut self, write: impl FnOnce(&mut String)) {
        self.pay_break();
        self.line_has_text = true;
        self.at_pre_start = false;
        write(&mut self.out);
        self.text_start = self.out.len();
    }

    /// Closes everything and gives the HTML.
    pub(crate) fn finish(mut self) -> String {
        self.close_to(0);
        self.out
    }

    fn line_starts(&mut self) {
        self.owed_break = false;
        self.line_has_text = false;
    }

    fn pay_break(&mut self) {
        if std::mem::take(&mut self.owed_break) {
            self.out.push_str("<br>");
            self.text_start = self.out.len();
            self.line_has_text = false;
        }
    }
}

fn is_block(name: &str) -> bool {
    matches!(name, "p" | "blockquote" | "pre" | "ul" | "ol" | "li")
}

/// The last place up to `room` where the text can be cut: between characters, not inside a reference.
fn outside_references(text: &str, room: usize) -> usize {
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match text[..end].rfind('&') {
        Some(at) if end - at < 40 && !text[at..end].contains(';') => at,
        _ => end,
    }
}

/// Newlines at the start of the text, also when written as references, as after `<pre>`.
fn without_leading_newlines(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(['\n', '\r']);
        match reference(text) {
            Some(('\n' | '\r', length)) => text = &text[length..],
            _ => return text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_browsers_build() {
        let mut writer = Writer::default();
        writer.open("p", "");
        writer.open("b", "");
        writer.text("a<");
        writer.open("ul", "");
        writer.open("li", "");
        writer.text("1");
        writer.open("li", "");
        writer.text("2");
        writer.close("nothing");
        assert_eq!(writer.finish(), "<p><b>a&lt;</b></p><ul><li>1</li><li>2</li></ul>");
    }

    #[test]
    fn depth_is_bounded() {
        let mut writer = Writer::default();
        for _ in 0..100_000 {
            writer.open("b", "");
        }
        writer.text("x");
        assert_eq!(writer.finish().matches("<b>").count(), MAX_DEPTH);
    }
}
