//! Markdown as authors of posts write it: CommonMark and strikethrough, with mentions, hashtags and links inside.
//! Raw HTML is shown as it was typed; headings, pictures and rules take the form that posts can hold.

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream};

use super::compose::{Collector, Inline};
use super::entities::{Entity, entities};
use super::html::{escape_attribute, escape_text};
use super::sanitise::{LINK_ATTRIBUTES, allowed_url, gate};
use super::writer::Writer;

const OPTIONS: Options = Options::ENABLE_STRIKETHROUGH;

/// Gathers what the text speaks of.
pub(crate) fn scan(source: &str, collector: &mut Collector) {
    let source = protect(source);
    let (mut code, mut links) = (0usize, 0usize);
    for event in TextMergeStream::new(Parser::new_ext(&source, OPTIONS)) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code += 1,
            Event::End(TagEnd::CodeBlock) => code = code.saturating_sub(1),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links += 1;
                if let Some(url) = allowed_url(&dest_url) {
                    collector.link(&url);
                }
            }
            Event::End(TagEnd::Link | TagEnd::Image) => links = links.saturating_sub(1),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) if code == 0 => {
                if links == 0 {
                    collector.run(&text);
                } else {
                    collector.emoji(&text);
                }
            }
            _ => {}
        }
    }
}

/// The HTML of the text.
pub(crate) fn render(source: &str, inline: &Inline<'_>) -> String {
    let source = protect(source);
    let mut page = Page {
        writer: Writer::with_capacity(source.len() * 2),
        inline,
        code: false,
        html: false,
        html_break: false,
        links: Vec::new(),
    };
    for event in TextMergeStream::new(Parser::new_ext(&source, OPTIONS)) {
        page.event(event);
    }
    gate(&page.writer.finish())
}

struct Page<'p, 'r> {
    writer: Writer,
    inline: &'p Inline<'r>,
    code: bool,
    /// Inside a block of raw HTML.
    html: bool,
    /// A line of raw HTML has ended.
    html_break: bool,
    /// The links and pictures that are open.
    links: Vec<Link>,
}

/// What an open link does with its text.
enum Link {
    /// An `<a>` was opened.
    Opened,
    /// Its text is its address: written already, the text is skipped.
    Written,
    /// It leads nowhere that posts may link to: only its text is shown.
    TextOnly,
    /// A picture: its text is shown as a link to it, or its address if there is none.
    Picture { url: Option<String>, text: String },
}

impl Page<'_, '_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Html(text) | Event::InlineHtml(text) => self.raw_html(&text),
            Event::Code(code) => {
                if let Some(Link::Picture { text, .. }) = self.links.last_mut() {
                    text.push_str(&code);
                } else {
                    self.writer.open("code", "");
                    self.writer.text(&code);
                    self.writer.close("code");
                }
            }
            Event::SoftBreak | Event::HardBreak => match self.links.last_mut() {
                Some(Link::Picture { text, .. }) => text.push(' '),
                _ => self.writer.line_break(),
            },
            Event::Rule => {
                self.writer.open("p", "");
                self.writer.text("* * *");
                self.writer.close("p");
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.writer.open("p", ""),
            Tag::HtmlBlock => {
                self.html = true;
                self.writer.open("p", "");
            }
            Tag::Heading { .. } => {
                self.writer.open("p", "");
                self.writer.open("strong", "");
            }
            Tag::BlockQuote(_) => self.writer.open("blockquote", ""),
            Tag::CodeBlock(kind) => {
                let _: CodeBlockKind<'_> = kind;
                self.code = true;
                self.writer.open("pre", "");
                self.writer.open("code", "");
            }
            Tag::List(Some(start)) if start != 1 => self.writer.open("ol", &format!(" start=\"{start}\"")),
            Tag::List(Some(_)) => self.writer.open("ol", ""),
            Tag::List(None) => self.writer.open("ul", ""),
            Tag::Item => self.writer.open("li", ""),
            Tag::Emphasis => self.writer.open("em", ""),
            Tag::Strong => self.writer.open("strong", ""),
            Tag::Strikethrough => self.writer.open("del", ""),
            Tag::Link { link_type, dest_url, .. } => self.link(link_type, &dest_url),
            Tag::Image { dest_url, .. } => {
                let url = allowed_url(&dest_url).map(Cow::into_owned);
                self.links.push(Link::Picture { url, text: String::new() });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) => self.writer.close("p"),
            TagEnd::HtmlBlock => {
                self.html = false;
                self.html_break = false;
                self.writer.close("p");
            }
            TagEnd::BlockQuote(_) => self.writer.close("blockquote"),
            TagEnd::CodeBlock => {
                self.code = false;
                self.writer.close("pre");
            }
            TagEnd::List(true) => self.writer.close("ol"),
            TagEnd::List(false) => self.writer.close("ul"),
            TagEnd::Item => self.writer.close("li"),
            TagEnd::Emphasis => self.writer.close("em"),
            TagEnd::Strong => self.writer.close("strong"),
            TagEnd::Strikethrough => self.writer.close("del"),
            TagEnd::Link | TagEnd::Image => match self.links.pop() {
                Some(Link::Opened) => self.writer.close("a"),
                Some(Link::Picture { url, text }) => self.picture(url.as_deref(), &text),
                _ => {}
            },
            _ => {}
        }
    }

    fn link(&mut self, link_type: LinkType, url: &str) {
        let link = match allowed_url(url) {
            None => Link::TextOnly,
            Some(url) if link_type == LinkType::Autolink => {
                self.writer.inline(|out| self.inline.link(out, &url));
                Link::Written
            }
            Some(url) => {
                self.writer.open("a", &link_attributes(&url));
                Link::Opened
            }
        };
        self.links.push(link);
    }

    fn picture(&mut self, url: Option<&str>, text: &str) {
        match (url, self.links.last_mut()) {
            // A picture in a picture's text, or in a link: its text belongs to that.
            (_, Some(Link::Picture { text: outer, .. })) => outer.push_str(text),
            (_, Some(Link::Opened)) | (None, _) => self.writer.text(text),
            (_, Some(Link::Written)) => {}
            (Some(url), _) if text.trim().is_empty() => self.writer.inline(|out| self.inline.link(out, url)),
            (Some(url), _) => {
                self.writer.open("a", &link_attributes(url));
                self.writer.text(text);
                self.writer.close("a");
            }
        }
    }

    fn text(&mut self, text: &str) {
        match self.links.last_mut() {
            Some(Link::Picture { text: alternative, .. }) => alternative.push_str(text),
            Some(Link::Written) => {}
            Some(Link::Opened | Link::TextOnly) => self.writer.text(text),
            None if self.code => self.writer.text(text),
            None => self.writer.inline(|out| self.inline.write(out, text, escape_text)),
        }
    }

    /// HTML is shown as it was typed, line by line.
    fn raw_html(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            if std::mem::take(&mut self.html_break) {
                self.writer.line_break();
            }
            let text = line.trim_end_matches('\n');
            self.text(text);
            self.html_break = self.html && text.len() < line.len();
        }
    }
}

fn link_attributes(url: &str) -> String {
    let mut attributes = String::with_capacity(url.len() + 64);
    attributes.push_str(" href=\"");
    escape_attribute(&mut attributes, url);
    attributes.push('"');
    attributes.push_str(LINK_ATTRIBUTES);
    attributes
}

/// Escapes what Markdown would read as markup inside mentions, hashtags and URLs (`@_ali_`, `https://x.example/*a*`), so that
/// they mean what they mean in plain text. Code and links that the author made stay as they are.
fn protect(source: &str) -> Cow<'_, str> {
    let special = |b: u8| matches!(b, b'*' | b'_' | b'~' | b'`' | b'[' | b']' | b'&' | b'\\' | b'<' | b'>');
    let endangered: Vec<Range<usize>> = entities(source)
        .into_iter()
        .map(|(range, entity)| {
            // Markup that closes after a URL or name is not part of it: `**https://x.example**`, `_@ali_`.
            let wrapped = matches!(source[..range.start].chars().next_back(), Some('*' | '_' | '~'));
            let closing: &[char] = match entity {
                Entity::Link(_) => &['*', '_', '~'],
                _ if wrapped => &['_'],
                _ => &[],
            };
            let kept = source[range.clone()].trim_end_matches(closing).len();
            range.start..range.start + kept
        })
        .filter(|range| source[range.clone()].bytes().any(special))
        .collect();
    if endangered.is_empty() {
        return Cow::Borrowed(source);
    }
    let mut untouchable = Vec::new();
    for (event, range) in Parser::new_ext(source, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_) | Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
            | Event::Code(_)
            | Event::InlineHtml(_) => untouchable.push(range),
            _ => {}
        }
    }
    let mut out = String::with_capacity(source.len() + 16);
    let mut done = 0;
    let mut untouchable = untouchable.into_iter().peekable();
    for range in endangered {
        while untouchable.next_if(|other| other.end <= range.start).is_some() {}
        if untouchable.peek().is_some_and(|other| other.start < range.end) {
            continue;
        }
        out.push_str(&source[done..range.start]);
        for c in source[range.clone()].chars() {
            if c.is_ascii() && special(c as u8) {
                out.push('\\');
            }
            out.push(c);
        }
        done = range.end;
    }
    out.push_str(&source[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::compose::{Format, Mentioned, Resolved, render, scan};
    use super::super::names::Handle;

    fn resolved() -> Resolved {
        let person =
            |name: &str| (Handle::local(name), Mentioned { url: format!("https://here.example/@{name}"), acct: name.into() });
        Resolved {
            mentions: HashMap::from([person("ali"), person("_ali_"), person("a_b")]),
            tag_base_url: "https://here.example/tags/".into(),
        }
    }

    fn mention(name: &str) -> String {
        format!(
            "<span class=\"h-card\" translate=\"no\"><a href=\"https://here.example/@{name}\" class=\"u-url mention\">@<span>{name}</span></a></span>"
        )
    }

    fn short(url: &str, shown: &str) -> String {
        format!(
            "<a href=\"{url}\" rel=\"nofollow noopener\" target=\"_blank\" translate=\"no\"><span class=\"invisible\">https://</span><span>{shown}</span><span class=\"invisible\"></span></a>"
        )
    }

    const LINK: &str = "rel=\"nofollow noopener\" target=\"_blank\"";

    #[test]
    fn markdown() {
        let tag =
            "<a href=\"https://here.example/tags/rust_lang\" class=\"mention hashtag\" rel=\"tag\">#<span>rust_lang</span></a>";
        let cases: Vec<(&str, String)> = vec![
            ("", String::new()),
            ("**bold** _it_ ~~no~~ `code`", "<p><strong>bold</strong> <em>it</em> <del>no</del> <code>code</code></p>".into()),
            ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>".into()),
            ("# Title\ntext", "<p><strong>Title</strong></p><p>text</p>".into()),
            ("- a\n- b\n  1. c", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>".into()),
            ("3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>".into()),
            ("> quote\n> more", "<blockquote><p>quote<br>more</p></blockquote>".into()),
            ("```rust\nfn a() { @ali }\n\n#b\n```", "<pre><code>fn a() { @ali }\n\n#b\n</code></pre>".into()),
            ("hi @ali **@ali**", format!("<p>hi {} <strong>{}</strong></p>", mention("ali"), mention("ali"))),
            ("@_ali_ and @a_b", format!("<p>{} and {}</p>", mention("_ali_"), mention("a_b"))),
            ("_@ali_", format!("<p><em>{}</em></p>", mention("ali"))),
            ("`@ali` #rust_lang", format!("<p><code>@ali</code> {tag}</p>")),
            ("#rust_lang at the start", format!("<p>{tag} at the start</p>")),
            ("https://x.example/_a_/*b*/c", format!("<p>{}</p>", short("https://x.example/_a_/*b*/c", "x.example/_a_/*b*/c"))),
            ("**https://x.example/**", format!("<p><strong>{}</strong></p>", short("https://x.example/", "x.example/"))),
            ("<https://x.example/>", format!("<p>{}</p>", short("https://x.example/", "x.example/"))),
            ("[text @ali](https://x.example/a_b_c)", format!("<p><a href=\"https://x.example/a_b_c\" {LINK}>text @ali</a></p>")),
            ("[x](javascript:alert(1)) [y](/z)", "<p>x y</p>".into()),
            ("![a cat](https://x.example/c.png)", format!("<p><a href=\"https://x.example/c.png\" {LINK}>a cat</a></p>")),
            ("![](https://x.example/c.png)", format!("<p>{}</p>", short("https://x.example/c.png", "x.example/c.png"))),
            ("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>".into()),
            ("<script>\nalert(1)\n</script>", "<p>&lt;script&gt;<br>alert(1)<br>&lt;/script&gt;</p>".into()),
            ("<ali@x.example>", "<p>ali@x.example</p>".into()),
            ("a\n\n---\n\nb", "<p>a</p><p>* * *</p><p>b</p>".into()),
            ("**نص عريض** و _مائل_", "<p><strong>نص عريض</strong> و <em>مائل</em></p>".into()),
            (
                "[![a](https://x.example/a.png)](https://y.example/)",
                format!("<p><a href=\"https://y.example/\" {LINK}>a</a></p>"),
            ),
            (
                "https://x.example/?a=1&copy;=2",
                format!("<p>{}</p>", short("https://x.example/?a=1&amp;copy;=2", "x.example/?a=1&amp;copy;=2")),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(render(text, Format::Markdown, &resolved()), expected, "{text}");
        }
    }

    #[test]
    fn scanning_finds_what_rendering_links() {
        let text = "@ali `@b` [@c](https://x.example/) #tag_a `#no` :cat: `:no:`\n\n    @code\n\n<https://y.example/> @_ali_";
        let found = scan(text, Format::Markdown);
        assert_eq!(found.mentions, [Handle::local("ali"), Handle::local("_ali_")]);
        assert_eq!(found.hashtags.iter().map(|tag| tag.key.as_str()).collect::<Vec<_>>(), ["tag_a"]);
        assert_eq!(found.links, ["https://x.example/", "https://y.example/"]);
        assert_eq!(found.emoji, ["cat"]);
    }

    #[test]
    fn deep_nesting_is_flattened() {
        let text = format!("{}x", "> ".repeat(5_000));
        assert!(render(&text, Format::Markdown, &resolved()).contains('x'));
        let text = format!("{}x{}", "*a ".repeat(5_000), "*".repeat(5_000));
        assert!(render(&text, Format::Markdown, &resolved()).contains('x'));
    }
}
