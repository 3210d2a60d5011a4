//! What the allow-list lets through, and what no input whatever brings through it.

use super::*;
use proptest::prelude::*;

#[test]
fn shapes() {
    let link = LINK_ATTRIBUTES;
    let cases: Vec<(&str, String)> = vec![
        ("<p>hello <b>world</b></p>", "<p>hello <b>world</b></p>".into()),
        ("plain", "plain".into()),
        ("a & b < c > d", "a &amp; b &lt; c &gt; d".into()),
        ("<h1>Title</h1><p>x</p>", "<p><strong>Title</strong></p><p>x</p>".into()),
        ("<p>x<h3 class=\"big\">y</h3>z", "<p>x</p><p><strong>y</strong></p>z".into()),
        ("<script>alert(1)</script>x<style>y</style>", "x".into()),
        ("<p onclick=\"x()\" style=\"color:red\" id=\"a\">x</p>", "<p>x</p>".into()),
        ("<img src=x onerror=alert(1)>x", "x".into()),
        (
            "<a href=\"https://example.org/?a=1&amp;b=2\">x</a>",
            format!("<a href=\"https://example.org/?a=1&amp;b=2\"{link}>x</a>"),
        ),
        ("<a href=\"javascript:alert(1)\">x</a>", "x".into()),
        ("<a href=\"&#106;avascript:alert(1)\">x</a>", "x".into()),
        ("<a href=\" java\nscript:alert(1)\">x</a>", "x".into()),
        ("<a href=\"javascript&colon;alert(1)\">x</a>", "x".into()),
        ("<a href=\"data:text/html,x\">x</a>", "x".into()),
        ("<a href=\"/relative\">x</a>", "x".into()),
        ("<a href=\"//example.org\">x</a>", "x".into()),
        ("<a>x</a>", "x".into()),
        ("<a href=\"http://\">x</a>", "x".into()),
        ("<a href=\"gemini://example.org/\">x</a>", format!("<a href=\"gemini://example.org/\"{link}>x</a>")),
        ("<a href=\"magnet:?xt=urn:x\">x</a>", format!("<a href=\"magnet:?xt=urn:x\"{link}>x</a>")),
        (
            "<a href=\"https://example.org/مسار\" rel=\"me\" target=\"_self\">x</a>",
            format!("<a href=\"https://example.org/مسار\"{link}>x</a>"),
        ),
        (
            "<span class=\"h-card evil\" translate=\"no\"><a href=\"https://a.example/@b\" class=\"u-url mention x\">@<span>b</span></a></span>",
            format!(
                "<span class=\"h-card\" translate=\"no\"><a href=\"https://a.example/@b\" class=\"u-url mention\"{link}>@<span>b</span></a></span>"
            ),
        ),
        ("<span class=\"evil\" translate=\"yes\">x</span>", "<span>x</span>".into()),
        ("<p class=\"quote-inline\">x</p>", "<p class=\"quote-inline\">x</p>".into()),
        (
            "<ol start=\"3\" reversed><li value=\"7\">x<li>y</ol>",
            "<ol start=\"3\" reversed=\"\"><li value=\"7\">x</li><li>y</li></ol>".into(),
        ),
        ("<ol start=\"x\" type=a><li>x</ol>", "<ol><li>x</li></ol>".into()),
        ("<p lang=\"ar\">x</p><p lang=\"a b\">y</p>", "<p lang=\"ar\">x</p><p>y</p>".into()),
        (
            "<ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>",
            "<ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>".into(),
        ),
        ("<ruby>東<rt>とう<rp>x</ruby>", "<ruby>東<rt>とう</rt><rp>x</rp></ruby>".into()),
        ("<div>a</div><div>b</div>", "a<br>b".into()),
        ("<div><p>a</p></div><div><p>b</p></div>", "<p>a</p><p>b</p>".into()),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", " a  b  <br>c ".into()),
        ("a<br/>b<br>c</br>d", "a<br>b<br>cd".into()),
        ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c".into()),
        ("<p>a<p>b", "<p>a</p><p>b</p>".into()),
        ("<p><b>a<ul><li>b</ul></p>", "<p><b>a</b></p><ul><li>b</li></ul>".into()),
        (
            "<a href=\"https://a.example\">a<a href=\"https://b.example\">b</a></a>",
            format!("<a href=\"https://a.example\"{link}>a</a><a href=\"https://b.example\"{link}>b</a>"),
        ),
        ("<pre>\n\nx</pre>", "<pre>x</pre>".into()),
        ("<pre>&#10;\nx\n  y</pre>", "<pre>x\n  y</pre>".into()),
        ("</p></div>x</b>", "x".into()),
        ("<strike>x</strike>", "<del>x</del>".into()),
        ("<svg><a href=\"https://x.example\" onload=x>y</a></svg>", format!("<a href=\"https://x.example\"{link}>y</a>")),
        ("<math><mi>x</mi></math>", "x".into()),
        (
            "<math display=\"block\"><semantics><mi>x</mi><annotation encoding=\"application/x-tex\">x &lt; y</annotation></semantics></math> z",
            "$$x &lt; y$$ z".into(),
        ),
        ("<math><semantics><mi>x</mi><annotation encoding=\"text/plain\">x</annotation></semantics></math>", "x".into()),
        ("a\u{0}b\u{B}c", "abc".into()),
        ("a&#1;b&#x7f;c&#1d&#", "abc&amp;#1d&amp;#".into()),
        ("&lt;script&gt; &amp;lt; &eacute; &notit; &copy", "&lt;script&gt; &amp;lt; é ¬it; ©".into()),
        ("<p>x &nbsp; &copy; &unknown;</p>", "<p>x &nbsp; © &amp;unknown;</p>".into()),
        ("<p>مرحبا <strong>بالعالم</strong>\u{200F}!</p>", "<p>مرحبا <strong>بالعالم</strong>\u{200F}!</p>".into()),
        ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)".into()),
        ("<<b>script>x</b>", "&lt;<b>script&gt;x</b>".into()),
        ("<a href=\"https://x.example/\"onclick=\"y\">x</a>", format!("<a href=\"https://x.example/\"{link}>x</a>")),
        (
            "<a title=\"<b>\" href='https://x.example/\"><script>'>x</a>",
            format!("<a href=\"https://x.example/&quot;&gt;&lt;script&gt;\"{link}>x</a>"),
        ),
    ];
    for (html, expected) in cases {
        let once = sanitise(html);
        assert_eq!(once, expected, "{html}");
        assert_eq!(sanitise(&once), once, "twice: {html}");
    }
}

#[test]
fn deep_and_wide_documents_are_linear_and_flat() {
    let deep = "<b>".repeat(100_000);
    assert!(sanitise(&format!("x{deep}y")).starts_with("x<b>"));
    let different: String = (0..50_000).map(|i| format!("<p><b lang=\"x{i}\">y")).collect();
    assert!(sanitise(&different).len() < different.len() * 3);
    for tag in [
        "<div>",
        "<p>",
        "<span><p>",
        "<ul><li>",
        "<a href=\"https://x.example\">",
        "<ruby><rt>",
        "<math>",
        "<!--",
        "<a \"",
        "</p>",
        "&",
        "&#",
        "&amp;",
        "&nbsp;",
        "°",
        "\u{A0}",
        "<script>",
        "<table><tr><td>",
        "<",
    ] {
        let html = tag.repeat(MAX_HTML / tag.len());
        assert!(sanitise(&html).len() < 8 * MAX_HTML, "{tag}");
    }
}

#[test]
fn what_is_too_long_is_cut_at_a_character() {
    let html = "م".repeat(MAX_HTML);
    assert_eq!(super::super::plain(&sanitise(&html)).len(), MAX_HTML);
    let text = super::super::plain(&sanitise(&format!("<p>{}", "&amp;é".repeat(MAX_HTML))));
    assert!(text.starts_with(&"&é".repeat(MAX_HTML / 7 - 2)));
}

#[test]
fn long_text_nodes_are_split_between_characters() {
    let html = format!("<p>{}</p>", "&amp;é".repeat(5_000));
    let clean = sanitise(&html);
    assert!(clean.matches("<span></span>").count() == 2);
    assert!(super::super::plain(&clean) == "&é".repeat(5_000));
    assert!(sanitise(&clean) == clean);
}

/// Pieces of which hostile documents are made.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<"),
        Just(">"),
        Just("\""),
        Just("'"),
        Just("&"),
        Just("&lt;"),
        Just("&#106;"),
        Just("&#10;"),
        Just("\n"),
        Just(" "),
        Just("="),
        Just("/"),
        Just("<p>"),
        Just("</p>"),
        Just("<b>"),
        Just("</b>"),
        Just("<i lang=ar>"),
        Just("</i>"),
        Just("<ul>"),
        Just("</ul>"),
        Just("<li>"),
        Just("</li>"),
        Just("<a href=\"https://x.example/\">"),
        Just("<a href=javascript:x>"),
        Just("</a>"),
        Just("<script>"),
        Just("</script>"),
        Just("<style>"),
        Just("<svg>"),
        Just("<math>"),
        Just("</math>"),
        Just("<img src=x onerror=y>"),
        Just("<pre>"),
        Just("</pre>"),
        Just("<h1>"),
        Just("</h1>"),
        Just("<span class='h-x'>"),
        Just("</span>"),
        Just("<blockquote>"),
        Just("</blockquote>"),
        Just("<div>"),
        Just("</div>"),
        Just("<br>"),
        Just("<ruby>"),
        Just("<rt>"),
        Just("<rp>"),
        Just("</ruby>"),
        Just("<table>"),
        Just("<td>"),
        Just("<!--"),
        Just("-->"),
        Just("<template>"),
        Just("<select>"),
        Just("<textarea>"),
        Just("<code>"),
        Just("</code>"),
        Just("<u onclick=x>"),
        Just("x"),
        Just("مرحبا"),
        Just("\u{202E}"),
        Just("\u{0}"),
        Just("\u{A0}"),
        Just("<ol start=1 reversed>"),
        Just("</ol>"),
        Just("onload=y"),
        Just("<p class=\"quote-inline"),
        Just("<noscript>"),
        Just("<title>"),
        Just("<annotation encoding=text/plain>"),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn assert_safe(html: &str) -> Result<(), TestCaseError> {
    let clean = sanitise(html);
    for token in Tokens::new(&clean) {
        if let Token::Open { name, attributes: source } = token {
            prop_assert!(
                !matches!(element(name), Element::Block | Element::Cell | Element::Heading | Element::Formula | Element::Unknown),
                "{name} in {clean}"
            );
            for (attribute, value) in attributes(source) {
                prop_assert!(
                    matches!(
                        attribute,
                        "href" | "rel" | "class" | "translate" | "target" | "lang" | "start" | "reversed" | "value"
                    ),
                    "{attribute} in {clean}"
                );
                prop_assert!(attribute != "href" || value.starts_with("http"), "{value} in {clean}");
            }
        }
    }
    prop_assert!(!clean.to_lowercase().contains("<script"));
    prop_assert_eq!(sanitise(&clean), clean);
    Ok(())
}

proptest! {
    #[test]
    fn hostile_documents_come_out_safe(html in hostile()) {
        assert_safe(&html)?;
    }

    #[test]
    fn any_text_comes_out_safe(html in "\\PC*") {
        assert_safe(&html)?;
    }
}
