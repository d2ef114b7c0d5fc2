"""Addresses in pages and sitemaps: all of them, as browsers read them, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
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
