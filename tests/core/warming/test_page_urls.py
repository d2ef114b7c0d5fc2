"""Addresses in pages and sitemaps: all of them, as browsers read them, and nothing else."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.warming.css_urls import urls_of_css
from core.warming.page_urls import urls_of_html, urls_of_set, urls_of_sitemap


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        ('<img src="/a?prompt=x&amp;w=1">', ["/a?prompt=x&w=1"]),
        ("<IMG SRC=/a?prompt=x&w=1>", ["/a?prompt=x&w=1"]),
        ("<img src='/a?prompt=x&kid=k&exp=1&sig=y'/>", ["/a?prompt=x&kid=k&exp=1&sig=y"]),
        ('<img src=" /a ">', ["/a"]),
        ("<img src><img src=''><img>", []),
        ('<img src="/a"><img src="/b"><img src="/a">', ["/a", "/b"]),
        ('<img src="/a" src="/b">', ["/a"]),
        ('<img srcset="/a 1x, /b 2x">', ["/a", "/b"]),
        ('<picture><source srcset="/a 320w,/b 640w"><img src="/c"></picture>', ["/a", "/b", "/c"]),
        ('<live-img src="/a" srcset="/b 2x"></live-img>', ["/a", "/b"]),
        ('<video poster="/a"><source src="/film.mp4"></video>', ["/a"]),
        ('<link rel="preload" as="image" href="/a" imagesrcset="/b 2x">', ["/a", "/b"]),
        ('<link rel="stylesheet PRELOAD" as="IMAGE" href="/a">', ["/a"]),
        ('<link rel="preload" as="script" href="/a"><link rel="icon" href="/b">', []),
        ('<meta property="og:image" content="https://e/a">', ["https://e/a"]),
        ('<meta name="twitter:image" content="/a"><meta name="author" content="/b">', ["/a"]),
        ('<a href="/a">x</a><script src="/b"></script><!-- <img src="/c"> -->', []),
        ('<script>"<img src=/a>"</script><textarea>x</textarea>', []),
        ('<noscript><img src="/a"></noscript>', ["/a"]),
        ('<img src="/a', []),
        ("", []),
        ('<img src="/a" data-src="/b" data-srcset="/c 1x, /d 2x">', ["/a", "/b", "/c", "/d"]),
        ('<source data-srcset="/a 2x"><live-img data-src="/b">', ["/a", "/b"]),
        ('<input type="IMAGE" src="/a"><input type="text" src="/b"><input src="/c">', ["/a"]),
        ('<svg><image href="/a"/><image xlink:href="/b"/></svg>', ["/a", "/b"]),
        ("<div style=\"background: url('/a?x=1&amp;w=2') , URL( /b )\">", ["/a?x=1&w=2", "/b"]),
        (
            "<style>a{background:url(/a?x=1&w=2)} b > c {background:url('/b')}</style>",
            ["/a?x=1&w=2", "/b"],
        ),
        ("<style>@import url(/sheet.css); /* url(/b) */</style><p>url(/c)</p>", []),
        (
            '<base href="/shop/"><img src="a"><img src="../b"><img src="/c">',
            ["/shop/a", "/b", "/c"],
        ),
        ('<img src="a"><base href="https://e.test/shop/page"><base href="/x/">', ["/shop/a"]),
        ('<base href="https://e.test"><img srcset="a?x=1 1x, //f/b 2x">', ["/a?x=1", "//f/b"]),
        (
            '<base href="/shop/"><img src="data:x"><img src="https://e/a">',
            ["data:x", "https://e/a"],
        ),
        ('<base href="shop/"><base href="http://["><base target="_top"><img src="a">', ["a"]),
        (
            '<base href="/cdn/main/site/live/"><img src="page?prompt=a%20b">',
            ["/cdn/main/site/live/page?prompt=a%20b"],
        ),
    ],
)
def test_a_page_has_these_pictures(html: str, urls: list[str]) -> None:
    assert urls_of_html(html) == urls


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("/a", ["/a"]),
        ("/a, /b", ["/a", "/b"]),
        ("/a,/b 2x", ["/a,/b"]),
        ("/a,b?x=1,2 1x, /c", ["/a,b?x=1,2", "/c"]),
        ("/a,, /b", ["/a", "/b"]),
        (" ,, /a 100w ,\n/b 200w\t,", ["/a", "/b"]),
        ("/a (x, y), /b", ["/a", "/b"]),
        ("data:image/png;base64,AAAA 1x, /b 2x", ["data:image/png;base64,AAAA", "/b"]),
        ("", []),
        (" , ", []),
    ],
)
def test_a_set_is_read_as_browsers_read_it(text: str, urls: list[str]) -> None:
    assert urls_of_set(text) == urls


@given(st.text(alphabet=" ,()abc12xw\n\t", max_size=40))
def test_any_set_ends(text: str) -> None:
    assert all(url and not set(url) & set(" \n\t") for url in urls_of_set(text))


@given(st.text(max_size=80))
def test_any_text_is_some_page(text: str) -> None:
    assert isinstance(urls_of_html(f"<img src='/a'>{text}"), list)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("a{background:url(/a)}", ["/a"]),
        ("src: url(\"/a b\"), url( '/c' )", ["/a b", "/c"]),
        (
            r'url("/a\"b"), url(/a\)b), url("/\61 b"), url("/\000041b")',
            ['/a"b', "/a)b", "/ab", "/Ab"],
        ),
        ('url(), url(""), url(a b), url(\'x, my-url(/a)', [""]),
        ("/* url(/a) */ url(/b) /* url(/c)", ["/b"]),
        ("@IMPORT url(/a.css); url(/b) @import '/c.css' url(/d)", ["/b"]),
        (r"url(/\0), url(/\d800), url(/\110000)", ["/\ufffd"] * 3),
    ],
)
def test_a_style_sheet_is_read_as_browsers_read_it(text: str, urls: list[str]) -> None:
    assert urls_of_css(text) == urls


@given(st.text(alphabet="url()'\" \\/*;@a1\n", max_size=60))
def test_any_style_sheet_ends(text: str) -> None:
    assert isinstance(urls_of_css(text), list)


def test_a_hostile_page_takes_no_time() -> None:
    for piece in ("url(", 'url("', "url(\\", "/*", "@import", "url( ", "url('\\'", "\\61 "):
        began = time.process_time()
        urls_of_html(f"<style>{piece * 40_000}</style>")
        assert time.process_time() - began < 2


SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url>
    <loc>https://e.test/page</loc>
    <lastmod>2026-01-01</lastmod>
    <image:image><image:loc> https://e.test/a?prompt=x&amp;w=1 </image:loc></image:image>
    <image:image><image:loc><![CDATA[https://e.test/b?prompt=x&w=1]]></image:loc></image:image>
  </url>
  <url><loc>https://e.test/page</loc><loc></loc></url>
</urlset>"""


def test_a_sitemap_has_its_pages_and_their_pictures() -> None:
    assert urls_of_sitemap(SITEMAP) == [
        "https://e.test/page",
        "https://e.test/a?prompt=x&w=1",
        "https://e.test/b?prompt=x&w=1",
    ]


def test_a_sitemap_in_another_encoding_is_text_all_the_same() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><urlset><loc>/\u0444</loc></urlset>'
    assert urls_of_sitemap(text) == ["/\u0444"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no xml at all",
        "<urlset><loc>/a</urlset>",
        "<urlset><loc>&unknown;</loc></urlset>",
        '<!DOCTYPE a SYSTEM "http://e.test/a.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><a><loc>&c;</loc></a>',
        '<!doctype a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><loc>&x;</loc></a>',
    ],
)
def test_what_is_no_plain_xml_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        urls_of_sitemap(text)
    (field,) = refusal.value.fields
    assert (field.name, field.code) == ("sitemap", "SITEMAP_INVALID")


@pytest.mark.parametrize("part", ["<!--", "<!", "<?", "</", "<", "<a ", "<!---->", "<!-<!-- -->-"])
def test_hostile_html_is_read_in_time(part: str) -> None:
    """Within the test's own limit: what grows with the square takes minutes here."""
    text = part * (1_000_000 // len(part))
    assert urls_of_html(text) == []
    assert urls_of_html(f'<img src="/a">{text}') == ["/a"]


def test_what_is_commented_out_is_not_on_the_page() -> None:
    text = '<!-- <img src="/a"> --><img src="/b"><!--><img src="/c"><!-- <img src="/d">'
    assert urls_of_html(text) == ["/b", "/c"]
