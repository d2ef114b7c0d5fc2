# Varnish in front of Mirage (Varnish 6.0 or newer): keeps public pictures, forgets by tag, never spends twice.
#
#   varnishd -f docs/varnish.vcl -a :8080 -s malloc,1g
#   EDGE__PURGE__WEBHOOK_URL=http://127.0.0.1:8080 EDGE__PURGE__WEBHOOK_STYLE=varnish \
#   EDGE__PURGE__WEBHOOK_TOKEN=change-me EDGE_TRUSTED_PROXIES=127.0.0.1 python -m edge serve
#
# Put your own word in place of "change-me", here and there. More about it: docs/purging.md

vcl 4.1;

import std;

backend mirage {
    .host = "127.0.0.1";
    .port = "3000";
    .connect_timeout = 2s;
    # More than the longest wait (55 s) plus 15 s.
    .first_byte_timeout = 90s;
    .between_bytes_timeout = 30s;
    .probe = {
        .url = "/health";
        .interval = 2s;
        .timeout = 2s;
        .window = 3;
        .threshold = 2;
        .initial = 2;
    }
}

# Who may take pictures away: the machines the server runs on.
acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "BAN") {
        if (client.ip !~ purgers || req.http.X-Purge-Token != "change-me") {
            return (synth(403, "FORBIDDEN"));
        }
        if (req.http.Cache-Tag !~ "^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$") {
            return (synth(400, "VALIDATION_ERROR"));
        }
        # On what was stored alone, so that the lurker can drop it without waiting for a request.
        ban("obj.http.Cache-Tag ~ (^|,)(" + regsuball(req.http.Cache-Tag, ",", "|") + ")(,|$)");
        return (synth(204, "Banned"));
    }

    # Varnish is the edge: what a client claims here is overwritten, not continued.
    unset req.http.Forwarded;
    unset req.http.X-Edge-Store;
    set req.http.X-Forwarded-For = client.ip;
    # Where TLS ends in front of Varnish, say https.
    set req.http.X-Forwarded-Proto = "http";
    # For machines inside; ask the server itself.
    if (req.url ~ "^/metrics([/?]|$)") {
        return (synth(404, "NOT_FOUND"));
    }
    # A HEAD stays one, or a peek would spend. Everything but public pictures goes to the server.
    if (req.method != "GET" || req.http.X-API-Key || req.http.Authorization) {
        return (pass);
    }
    if (req.url !~ "^(/api/v1/live(\?|$)|/cdn/[^/]+/[^/]+/(live|img)/)") {
        return (pass);
    }
    # Of ranges, Varnish cuts those every picture has; its own 416 would carry the picture's lines.
    if (req.http.Range && req.http.Range !~ "^bytes=(0-[0-9]{0,15}|-[1-9][0-9]{0,14})$") {
        return (pass);
    }
    # Cookies decide nothing here.
    unset req.http.Cookie;
    # While the server is away, what is stored goes on for as long as its answer allows; else for
    # no longer than stale-while-revalidate, a week at most.
    if (std.healthy(req.backend_hint)) {
        set req.grace = 7d;
    }
    return (hash);
}

sub vcl_backend_response {
    # An ended picture in the background may not be replaced by trouble, but by any other answer.
    if (bereq.is_bgfetch && beresp.status >= 500) {
        return (abandon);
    }
    # No more than the answer itself allows: neither a default grace nor a 304 that renews old lines.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    if (beresp.http.Cache-Control ~ "stale-if-error=[0-9]+") {
        set beresp.grace = std.duration(
            regsub(beresp.http.Cache-Control, "^.*stale-if-error=([0-9]+).*$", "\1") + "s", 0s);
    }
    if (beresp.status != 200 || beresp.http.Cache-Control !~ "^public") {
        # Nobody waits for a turn at what is not stored anyway; the server joins equal requests.
        set beresp.uncacheable = true;
        set beresp.ttl = 120s;
        return (deliver);
    }
}

sub vcl_deliver {
    # An answer from this store is a hit, whatever it was when it was stored (RFC 9211).
    if (obj.hits > 0 && resp.http.X-Cache-Status) {
        set resp.http.X-Cache-Status = "HIT";
        set resp.http.Cache-Status = resp.http.Cache-Status + ", varnish; hit";
    }
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}

# Varnish's own errors, in the envelope of all errors.
sub vcl_synth {
    if (resp.status == 204) {
        return (deliver);
    }
    set resp.http.Content-Type = "application/json";
    set resp.http.Cache-Control = "private, no-store";
    set resp.http.CDN-Cache-Control = "no-store";
    set resp.http.X-Content-Type-Options = "nosniff";
    set resp.http.X-Error-Code = resp.reason;
    set resp.body = {"{"success":false,"error":{"code":""} + resp.reason
        + {"","message":"This is refused before it reaches the server.","requestId":""} + req.xid + {"" }}"};
    return (deliver);
}

sub vcl_backend_error {
    set beresp.http.Content-Type = "application/json";
    set beresp.http.Cache-Control = "private, no-store";
    set beresp.http.CDN-Cache-Control = "no-store";
    set beresp.http.X-Content-Type-Options = "nosniff";
    set beresp.http.X-Error-Code = "SERVER_UNAVAILABLE";
    set beresp.http.Retry-After = "5";
    set beresp.body = {"{"success":false,"error":{"code":"SERVER_UNAVAILABLE","message":"}
        + {""The server cannot be reached at the moment. Try again soon.","requestId":""} + bereq.xid + {"" }}"};
    return (deliver);
}
