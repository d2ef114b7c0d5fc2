"""The published examples sign like the server, each run by its own language on the vectors."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from core.signing import Signer
from tests.servers.process import absent

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "signing.json").read_text("utf-8"))
DOCUMENTATION = (ROOT / "docs" / "signing.md").read_text("utf-8")
SECRETS = {kid: bytes.fromhex(VECTORS["keys"][kid]) for kid in ("test-1", "test-2")}
NOW = 1_799_990_000
TRACKING = {"utm_source", "fbclid", "gclid", "_"}
# What the vectors do not hold: every kind of white space and of hidden character, and a long end.
ODD = {
    "path": "/cdn/main/site/live/page",
    "parameters": {
        "prompt": "\u3000a\x0b\x85e\u0301\u2028\u00ad\u202ered\u2060 \u200d\u200c\ufe0f",
        "w": "640",
        "fp-x": "0.25",
    },
    "kid": "test-2",
    "expiresAt": NOW + 31_536_000,
}
# Where Debian keeps the sources of Go's packages.
GO_SOURCES = Path("/usr/share/gocode")
GO_NEEDS = "golang-go golang-golang-x-text-dev"

JAVASCRIPT = """
for (const line of require("node:fs").readFileSync(0, "utf8").split("\\n")) {
  const { path, parameters, kid, secret, expiresAt } = JSON.parse(line);
  console.log(signedQuery(path, parameters, kid, Buffer.from(secret, "hex"), expiresAt));
}
"""
PHP = """
foreach (explode("\\n", stream_get_contents(STDIN)) as $line) {
    $one = json_decode($line, true);
    $one['secret'] = hex2bin($one['secret']);
    ['path' => $path, 'parameters' => $given, 'kid' => $kid, 'secret' => $secret] = $one;
    echo signed_query($path, $given, $kid, $secret, $one['expiresAt']), "\\n";
}
"""
RUBY = """
require "json"
STDIN.each_line(chomp: true) do |line|
  one = JSON.parse(line)
  secret = [one["secret"]].pack("H*")
  puts signed_query(one["path"], one["parameters"], one["kid"], secret, one["expiresAt"])
end
"""
GO = """package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mirage"
	"os"
)

func main() {
	for lines := json.NewDecoder(os.Stdin); ; {
		var one struct {
			Path       string
			Parameters map[string]string
			Kid        string
			Secret     string
			ExpiresAt  int64
		}
		if lines.Decode(&one) == io.EOF {
			return
		}
		secret, _ := hex.DecodeString(one.Secret)
		fmt.Println(mirage.SignedQuery(one.Path, one.Parameters, one.Kid, secret, one.ExpiresAt))
	}
}
"""


def example(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENTATION, re.DOTALL)
    return str(code)


def cases() -> list[dict[str, Any]]:
    found = [case for case in VECTORS["signed"] if not TRACKING & set(case["parameters"])]
    assert len(found) > 10
    signed = Signer([(ODD["kid"], SECRETS["test-2"])])
    sig = signed.sign(ODD["path"], ODD["parameters"], ODD["expiresAt"])["sig"]
    return [*found, {**ODD, "name": "everything odd", "sig": sig}]


def program(name: str, package: str) -> str:
    """Where the language is; without it the test is left out, and named."""
    found = shutil.which(name)
    if found is None:
        absent(name, package)
    return found


def ensure_signs(command: list[str], **environment: str) -> None:
    """``command`` reads a request per line and writes the signed query of each."""
    lines = [json.dumps({**case, "secret": VECTORS["keys"][case["kid"]]}) for case in cases()]
    run = subprocess.run(
        command,
        input="\n".join(lines),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    for case, query in zip(cases(), run.stdout.splitlines(), strict=True):
        ensure_right(case, query)


def ensure_right(case: dict[str, Any], query: str) -> None:
    sent = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
    assert sent["sig"] == case["sig"], case["name"]
    signer = Signer(list(SECRETS.items()))
    assert signer.verify(case["path"], sent, NOW) == case["expiresAt"]


def test_the_python_example_signs_like_the_server() -> None:
    scope: dict[str, Any] = {}
    exec(example("python"), scope)  # the published text itself is what is tested
    for case in cases():
        secret = SECRETS[case["kid"]]
        query = scope["signed_query"](
            case["path"], case["parameters"], case["kid"], secret, case["expiresAt"]
        )
        ensure_right(case, query)


def test_the_javascript_example_signs_like_the_server() -> None:
    ensure_signs([program("node", "nodejs"), "-e", example("js") + JAVASCRIPT])


def test_the_php_example_signs_like_the_server(tmp_path: Path) -> None:
    php = program("php", "php-cli php-intl")
    intl = subprocess.run([php, "-r", "exit((int) !class_exists('Normalizer'));"], check=False)
    if intl.returncode != 0:
        absent("PHP's intl extension", "php-intl")
    script = tmp_path / "signing.php"
    script.write_text(example("php") + PHP, "utf-8")
    ensure_signs([php, str(script)])


def test_the_ruby_example_signs_like_the_server() -> None:
    ensure_signs([program("ruby", "ruby"), "-e", example("ruby") + RUBY])


def test_the_go_example_signs_like_the_server(tmp_path: Path) -> None:
    go = program("go", GO_NEEDS)
    if not (GO_SOURCES / "src" / "golang.org" / "x" / "text").is_dir():
        absent("golang.org/x/text", GO_NEEDS)
    package = tmp_path / "src" / "mirage"
    package.mkdir(parents=True)
    (package / "signing.go").write_text(example("go"), "utf-8")
    (tmp_path / "main.go").write_text(GO, "utf-8")
    kept = ROOT / "tests" / ".run" / "go"
    ensure_signs(
        [go, "run", str(tmp_path / "main.go")],
        GO111MODULE="off",
        GOPATH=f"{tmp_path}:{GO_SOURCES}",
        GOCACHE=str(kept),
        HOME=str(tmp_path),
    )
