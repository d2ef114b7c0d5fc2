"""What a request shows of its sender: whose address, on which page, and whether anybody looks."""

import pytest

from core.spending.visitor import Circumstances
from edge.circumstances import circumstances_of
from edge.server.middleware import CLIENT_ADDRESS

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROMIUM = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) {} Safari/537.36"


def seen(address: str = "192.0.2.7", **headers: str) -> Circumstances:
    lines = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "headers": lines, "state": {CLIENT_ADDRESS: address}}
    return circumstances_of(scope)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_one_subscriber_is_one_address(address, counted):
    assert seen(address).address == counted


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, None),
        ({"origin": "https://shop.example"}, "https://shop.example"),
        ({"origin": "HTTPS://Shop.Example:443"}, "https://shop.example"),
        ({"origin": "http://shop.example:8080"}, "http://shop.example:8080"),
        ({"referer": "https://shop.example/a/page?with=words#x"}, "https://shop.example"),
        ({"referer": "https://shop.example:443/"}, "https://shop.example"),
        ({"referer": "https://shop.example"}, "https://shop.example"),
        (
            {"origin": "https://shop.example", "referer": "https://other.example/"},
            "https://shop.example",
        ),
        ({"origin": "null", "referer": "https://shop.example/"}, None),
        ({"origin": "", "referer": "https://shop.example/"}, None),
        ({"referer": "about:blank"}, None),
        ({"referer": "file:///home/ann/page.html"}, None),
        ({"referer": "/a/page"}, None),
        ({"referer": "https://[::1"}, None),
        ({"referer": "https://shop.example@other.example/"}, None),
        ({"referer": "https://other.example/https://shop.example/"}, "https://other.example"),
        ({"referer": "https://shop.example.other.example/"}, "https://shop.example.other.example"),
    ],
)
def test_the_page_is_named_by_its_origin_or_by_its_referer(headers, origin):
    assert seen(**headers).origin == origin


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_purpose": "prefetch"},
        {"sec_purpose": "prefetch;prerender"},
        {"sec_purpose": "prefetch;anonymous-client-ip"},
        {"sec_purpose": "Prefetch"},
        {"purpose": "prefetch"},
        {"purpose": "preview"},
        {"x_purpose": "preview"},
        {"x_moz": "prefetch"},
        {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"user_agent": "Googlebot-Image/1.0"},
        {"user_agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"},
        {"user_agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"},
        {"user_agent": "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help)"},
        {"user_agent": "Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details)"},
        {"user_agent": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"},
        {"user_agent": "Twitterbot/1.0"},
        {"user_agent": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient)"},
        {"user_agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
        {"user_agent": "Slack-ImgProxy (+https://api.slack.com/robots)"},
        {"user_agent": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"},
        {"user_agent": "TelegramBot (like TwitterBot)"},
        {"user_agent": "WhatsApp/2.23.20.0"},
        {"user_agent": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"},
        {"user_agent": "http.rb/5.1.1 (Mastodon/4.2.0; +https://mastodon.social/)"},
        {"user_agent": "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"},
        {"user_agent": "Mozilla/5.0 (Linux; Android 5.0) (compatible; Bytespider)"},
        {"user_agent": "SomeBODYs-Crawler"},
    ],
    ids=str,
)
def test_where_nobody_looks_is_seen(headers):
    assert seen(**headers).automated


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"user_agent": FIREFOX},
        {"user_agent": CHROMIUM.format("Chrome/140.0.0.0")},
        {"user_agent": CHROMIUM.format("HeadlessChrome/140.0.0.0")},
        {"user_agent": "Mozilla/5.0 (Linux; Android 13; CUBOT P80) Mobile Safari/537.36"},
        {"user_agent": "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) Mobile Safari/537.36"},
        {"user_agent": "Mozilla/5.0 (iPhone) Mobile/15E148 [FBAN/FBIOS;FBAV/400.0]"},
        {"user_agent": "Mozilla/5.0 (iPhone) Mobile/15E148 Snapchat/12.0"},
        {"user_agent": "curl/8.5.0"},
        {"user_agent": "python-httpx/0.28.1"},
        {"sec_purpose": ""},
        {"purpose": "navigation"},
        {"sec_fetch_dest": "image", "sec_fetch_mode": "no-cors", "user_agent": FIREFOX},
    ],
    ids=str,
)
def test_people_and_their_programs_are_no_crawlers(headers):
    assert not seen(**headers).automated
