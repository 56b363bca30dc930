local cjson = require("cjson")
local digests = require("resty.openclaw.core.bytes.digest")
local http = require("spec.support.http")
local identity = require("resty.openclaw.identity")
local keys = require("resty.openclaw.identity.keys")
local reader = require("spec.support.exposition")
local request = require("resty.openclaw.core.request.request")
local tiers = require("spec.support.tiers")

local PORT = 18210
local NAME = "X-OpenClaw-Identity"

local KEY = {}
for name, path in pairs(tiers.KEYS) do KEY[name] = keys.new(name, path) end

--- What a gateway with that key says of a request. Options: `key`, `time`, `subject`, `method`, `body`, `n`.
local function word(uri, options)
    options = options or {}
    local key = options.key or KEY.old
    local claim = ("%s;t=%s;n=%s;k=%s"):format(options.subject or "farm-7", options.time or math.floor(ngx.now()), options.n or "id", options.key_id or key.id)
    if options.body then claim = claim .. ";b=" .. options.body end
    return claim .. ";s=" .. (options.signature or keys.sign(key, claim, options.method or "GET", uri))
end

local function get(uri, text)
    return http.get_from(PORT, uri, { [NAME] = text })
end

local function known(answer)
    assert.equal(200, answer.status)
    return answer.header("X-Identity"):match("^<(.*)>$")
end

local function assert_refused(answer, code, reason)
    assert.equal(401, answer.status)
    assert.equal(NAME, answer.header("WWW-Authenticate"))
    -- Logs must not name anybody who was not believed to ask.
    assert.equal("<>", answer.header("X-Identity"))
    local err = cjson.decode(answer.body).error
    assert.equal(code or "identity_refused", err.code)
    if reason then assert.truthy(err.message:find(reason, 1, true), err.message) end
    assert.same({}, tiers.seen)
end

local function refused(reason)
    local samples = reader.parse(http.get_from(PORT, "/metrics").body)
    -- All reasons are there from the start.
    return tonumber(assert(samples[('openclaw_identity_refused_total{reason="%s"}'):format(reason)]))
end

--- What the first node was sent of who asks.
local function told(seen)
    return tiers.headers(seen or tiers.seen[1], NAME)
end

describe("identity", function()
    before_each(tiers.reset)

    describe("signed", function()
        local URI = "/?route=centre"

        it("is believed, and stays here", function()
            assert.equal("farm-7", known(get(URI, word(URI))))
            assert.same({}, told())
        end)

        it("is believed with any of the keys", function()
            assert.equal("farm-7", known(get(URI, word(URI, { key = KEY.new }))))
            local before = refused("unknown_key")
            tiers.reset()
            assert_refused(get(URI, word(URI, { key = KEY.foreign })), nil, "key is not known")
            assert_refused(get(URI, word(URI, { key = KEY.foreign, key_id = KEY.old.id })), nil, "signature is wrong")
            assert_refused(get(URI, word(URI, { key = KEY.old, key_id = KEY.new.id })), nil, "signature is wrong")
            assert.equal(before + 1, refused("unknown_key"))
        end)

        it("is required, unless the route says otherwise", function()
            local before = refused("missing")
            assert_refused(get(URI), "identity_required")
            assert.equal(before + 1, refused("missing"))
            assert.equal("", known(get("/?route=lenient")))
            tiers.reset()
            assert_refused(get("/?route=lenient", "farm-7"))
            local lenient = "/?route=lenient"
            assert.equal("farm-7", known(get(lenient, word(lenient))))
        end)

        it("is for one method and one address", function()
            local before = refused("signature")
            assert_refused(get("/other?route=centre", word(URI)))
            assert_refused(get(URI .. "&more", word(URI)))
            assert_refused(get("/%3F?route=centre", word(URI)))
            assert_refused(http.post_to(PORT, URI, "", { [NAME] = word(URI) }))
            assert_refused(get(URI, word(URI, { method = "POST" })))
            assert.equal("farm-7", known(http.post_to(PORT, URI, "body", { [NAME] = word(URI, { method = "POST" }) })))
            assert.equal(before + 5, refused("signature"))
        end)

        it("is for so long", function()
            local before = refused("age")
            assert_refused(get(URI, word(URI, { time = math.floor(ngx.now()) - 62 })), nil, "too old")
            assert_refused(get(URI, word(URI, { time = math.floor(ngx.now()) + 62 })), nil, "too old")
            assert_refused(get(URI, word(URI, { time = 0 })))
            assert_refused(get(URI, word(URI, { time = 9999999999 })))
            local quick = "/?route=quick"
            assert_refused(get(quick, word(quick, { time = math.floor(ngx.now()) - 3 })))
            assert.equal(before + 5, refused("age"))
            assert.equal("farm-7", known(get(URI, word(URI, { time = math.floor(ngx.now()) - 50 }))))
            assert.equal("farm-7", known(get(URI, word(URI, { time = math.floor(ngx.now()) + 50 }))))
        end)

        it("is nothing that was changed", function()
            local good = word(URI)
            for at = 1, #good do
                local letter = good:sub(at, at)
                local other = letter == "0" and "1" or "0"
                assert_refused(get(URI, good:sub(1, at - 1) .. other .. good:sub(at + 1)))
            end
            for at = 1, #good - 1 do
                assert_refused(get(URI, good:sub(1, at)))
            end
        end)

        it("is nothing that has no such form", function()
            local good = word(URI)
            for _, text in ipairs({
                "", ";", "farm-7", "root;s=", "root;k=" .. KEY.old.id .. ";s=00", good .. "0", good .. ";", good .. ";s=00", "x" .. good, ";" .. good, good .. ", " .. good, ("x"):rep(5000),
                word(URI, { signature = "" }), word(URI, { signature = ("0"):rep(64) }), word(URI, { signature = word(URI):match("s=(%x+)"):upper() }), word(URI, { key_id = "" }), word(URI, { key_id = "00000000" }),
            }) do
                assert_refused(get(URI, text))
            end
        end)

        it("is nothing malformed, whoever has signed it", function()
            for _, options in ipairs({ { subject = "a b" }, { subject = "a,b" }, { subject = "a\tb" }, { subject = 'a"b' }, { time = "-1" }, { time = "nan" }, { time = "1e9" }, { time = "17638423160" }, { time = "0x1" }, { n = "" }, { body = "x" } }) do
                assert_refused(get(URI, word(URI, options)), nil, "malformed")
            end
        end)

        it("is not the second of two", function()
            local text = "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s: %s\r\n%s: %s\r\n\r\n"
            local answer = http.raw(text:format(URI, NAME, word(URI, { subject = "root", key = KEY.foreign }), NAME, word(URI)), PORT)
            assert_refused(answer)
            answer = http.raw(text:format(URI, NAME, word(URI), NAME, "root"), PORT)
            -- nginx since 1.23 has one text of both.
            if answer.status ~= 401 then
                assert.equal("farm-7", known(answer))
                assert.same({}, told())
            end
        end)

        it("is taken away from the node in all its spellings", function()
            for _, spelling in ipairs({ "X_OpenClaw_Identity", "x-openclaw_identity", "X_OPENCLAW-IDENTITY", "x-openclaw-identity" }) do
                for _, route in ipairs({ "centre", "open_edge", "telling", "unaware" }) do
                    tiers.reset()
                    local uri = "/?route=" .. route .. "&subject=me"
                    http.get_from(PORT, uri, { [NAME] = word(uri), [spelling] = "root" })
                    for _, seen in ipairs(tiers.seen) do
                        for _, value in ipairs(told(seen)) do assert.truthy(value:find("^me"), route .. " " .. spelling) end
                    end
                end
            end
        end)

        it("is asked before the body comes", function()
            local answer = http.raw("POST " .. URI .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n", PORT)
            assert_refused(answer, "identity_required")
        end)

        it("is refused where OpenSSL fails", function()
            local hmac = stub(KEY.old.digest, "hmac").returns(nil, "no OpenSSL")
            local text = word(URI, { signature = "00" })
            hmac:revert()
            local sign = stub(keys, "sign").returns(nil, "no OpenSSL")
            local answer = get(URI, text)
            local empty = get(URI, (text:gsub("00$", "")))
            sign:revert()
            assert_refused(answer)
            assert_refused(empty)
        end)
    end)

    describe("and the body", function()
        local URI = "/?route=digesting"
        local BODY = ("image"):rep(20000)
        local sha256 = digests.new("sha256")

        local function post(body, options)
            options.method = "POST"
            return http.post_to(PORT, URI, body, { [NAME] = word(URI, options) })
        end

        it("belong together where both gateways digest it", function()
            assert.equal("farm-7", known(post(BODY, { body = sha256:of(BODY) })))
            assert.is_true(tiers.seen[1].body == BODY)
            assert.same({}, told())
            tiers.reset()
            local before = refused("body")
            assert_refused(post(BODY .. "!", { body = sha256:of(BODY) }), nil, "body does not match the signed digest")
            assert_refused(post("", { body = sha256:of(BODY) }))
            assert_refused(post(BODY, { body = sha256:of(BODY):upper() }))
            assert_refused(post(BODY, { body = "00" }))
            assert.equal(before + 4, refused("body"))
        end)

        it("go apart where one of them does not", function()
            assert.equal("farm-7", known(post(BODY, {})))
            local uri = "/?route=centre"
            assert.equal("farm-7", known(http.post_to(PORT, uri, BODY, { [NAME] = word(uri, { method = "POST", body = sha256:of("other") }) })))
        end)
    end)

    describe("of this gateway", function()
        it("is signed for the next one, which believes it", function()
            local image = ("image"):rep(1000)
            local answer = http.post_to(PORT, "/a%20b?route=edge&subject=CN=farm,O=x", image, { [NAME] = "root" })
            assert.equal("CN=farm%2CO=x", known(answer))
            assert.equal("<CN=farm%2CO=x>", answer.header("X-Next"))
            assert.is_true(tiers.seen[1].body == image)
            assert.same({}, told())
        end)

        it("is signed over the request at hand", function()
            local uri = "/a%20b?route=open_edge&subject=farm-7;x"
            assert.equal("farm-7%3Bx", known(get(uri, "root")))
            local values = told()
            assert.equal(1, #values)
            local claim, signature = values[1]:match("^(.+);s=(%x+)$")
            assert.equal((keys.sign(KEY.old, claim, "GET", uri)), signature)
            local time, id = claim:match("^farm%-7%%3Bx;t=(%d+);n=(%x+);k=" .. KEY.old.id .. "$")
            assert.is_true(math.abs(time - ngx.now()) < 5)
            assert.same({ id }, tiers.headers(tiers.seen[1], "X-Request-Id"))
        end)

        it("is required, unless the route says otherwise", function()
            assert_refused(get("/?route=edge"), "identity_required")
            assert_refused(get("/?route=edge", word("/?route=edge")), "identity_required")
            assert.equal("", known(get("/?route=open_edge", word("/?route=open_edge"))))
            assert.same({}, told())
            tiers.reset()
            assert_refused(get("/?route=edge&subject=" .. ("x"):rep(257)), "identity_required")
        end)

        it("is what was found out before, where that was done", function()
            local uri = "/found?route=edge"
            assert.equal("CN=farm", known(get(uri)))
            assert.equal("<CN=farm>", get(uri).header("X-Next"))
        end)

        it("is told as it is where that is wished", function()
            assert.equal("farm-7", known(get("/?route=telling&subject=farm-7", "root")))
            assert.same({ "farm-7" }, told())
        end)

        it("is what the one before it said, signed anew", function()
            local uri = "/?route=between"
            assert.equal("farm-7", known(get(uri, word(uri, { subject = "farm-7" }))))
            assert.equal(1, #told())
            local claim, signature = told()[1]:match("^(.+);s=(%x+)$")
            assert.truthy(claim:find("^farm%-7;t=%d+;n=%x+;k=" .. KEY.foreign.id .. "$"))
            assert.equal((keys.sign(KEY.foreign, claim, "GET", uri)), signature)
        end)
    end)

    describe("of a certificate", function()
        local function with_certificate(verify, name, uri, text)
            local real = request.variable
            local variable = stub(request, "variable").invokes(function(wanted)
                if wanted == "ssl_client_verify" then return verify end
                if wanted == "ssl_client_s_dn" then return name end
                return real(wanted)
            end)
            local ok, answer = pcall(get, uri, text)
            variable:revert()
            return assert(ok and answer, answer)
        end

        it("is what its holder says", function()
            assert.equal("farm-7", known(with_certificate("SUCCESS", "CN=any", "/?route=certified", "farm-7")))
            assert.same({}, told())
            local signed = word("/elsewhere", { key = KEY.foreign })
            assert.equal("farm-7", known(with_certificate("SUCCESS", "CN=any", "/?route=certified", signed)))
            tiers.reset()
            assert_refused(with_certificate("SUCCESS", "CN=any", "/?route=certified", nil), "identity_required")
            assert_refused(with_certificate("SUCCESS", "CN=any", "/?route=certified", "a b"), nil, "malformed")
            assert_refused(with_certificate("SUCCESS", "CN=any", "/?route=certified", ""), nil, "malformed")
        end)

        it("is nothing without one that nginx has verified", function()
            local before = refused("certificate")
            for _, verify in ipairs({ "NONE", "FAILED:certificate has expired", "", "success" }) do
                assert_refused(with_certificate(verify, "CN=edge-1", "/?route=certified", "farm-7"), nil, "certificate")
            end
            assert_refused(get("/?route=certified", "farm-7"), nil, "certificate")
            assert.equal(before + 5, refused("certificate"))
        end)

        it("may be one of a few", function()
            assert.equal("farm-7", known(with_certificate("SUCCESS", "CN=edge-1", "/?route=picky", "farm-7")))
            assert.equal("farm-7", known(with_certificate("SUCCESS", "CN=edge-2", "/?route=picky", "farm-7")))
            tiers.reset()
            for _, name in ipairs({ "CN=edge-3", "CN=edge-1,O=x", "edge-1", "" }) do
                assert_refused(with_certificate("SUCCESS", name, "/?route=picky", "farm-7"), nil, "certificate")
            end
        end)
    end)

    it("is asked once for a request that nginx sends elsewhere", function()
        local uri = "/redirected?route=dead_centre&second=centre"
        assert.equal("farm-7", known(get(uri, word(uri))))
        assert.same({}, told())
        tiers.reset()
        assert_refused(get(uri), "identity_required")
    end)

    it("is the same for HEAD, which a cache asks by GET", function()
        local uri = "/headed/" .. ngx.now() .. "?route=centre"
        local answer = http.raw("HEAD " .. uri .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" .. NAME .. ": " .. word(uri) .. "\r\n\r\n", PORT)
        assert.equal("farm-7", known(answer))
        assert.truthy(tiers.seen[1].head:find("^GET "))
    end)

    it("refuses options that are none", function()
        local path = tiers.KEYS.old
        local function refuses(sentence, options)
            assert.same({ false, sentence }, { pcall(identity.new, options) })
        end
        refuses('identity must be a table, got true; write {} for the defaults', true)
        refuses('identity: unknown option "key_file"; did you mean "key_files"?', { accept = "signed", key_file = path })
        refuses('identity: one of "accept", "sign" and "tell" is needed', {})
        refuses('identity.accept must be one of signed, mutual_tls, got "plain"', { accept = "plain" })
        refuses('identity.accept must be one of signed, mutual_tls, got true', { accept = true })
        refuses('identity.key_files must be a list with at least one entry, got nothing', { accept = "signed" })
        refuses('identity.key_files must be a list with at least one entry, got a string', { accept = "signed", key_files = "/key" })
        refuses('identity.key_files is only for accept = "signed"', { accept = "mutual_tls", key_files = { path } })
        refuses('identity.max_age_seconds is only for accept = "signed"', { accept = "mutual_tls", max_age_seconds = 5 })
        refuses('identity.max_age_seconds is only for accept = "signed"', { tell = { subject = "x" }, max_age_seconds = 5 })
        refuses('identity.peers is only for accept = "mutual_tls"', { accept = "signed", key_files = { path }, peers = { "x" } })
        refuses('identity.peers must be a list with at least one entry, got an empty table', { accept = "mutual_tls", peers = {} })
        refuses('identity.peers[1] must be a non-empty string, got 5', { accept = "mutual_tls", peers = { 5 } })
        refuses('identity.max_age_seconds must be a number above 0, got 0', { accept = "signed", key_files = { path }, max_age_seconds = 0 })
        refuses('identity.required must be true or false, got "yes"', { accept = "mutual_tls", required = "yes" })
        refuses('identity: "sign" and "tell" cannot both be given', { sign = { key_file = path, subject = "x" }, tell = { subject = "x" } })
        refuses('identity.sign: unknown option "key"; known are key_file, subject, trusted\nidentity.sign.key_file must be an absolute path, beginning with "/"\nidentity.sign.subject must be the name of a variable without $, got nothing', { sign = { key = "x" } })
        refuses('identity.sign.subject must be the name of a variable without $, got nothing', { sign = { key_file = path } })
        refuses('identity.sign.subject must be the name of a variable without $, got "$remote_user"', { sign = { key_file = path, subject = "$remote_user" } })
        refuses('identity.sign.key_file must be an absolute path, beginning with "/"', { sign = { subject = "x", trusted = true } })
        refuses('identity.tell: unknown option "key_file"; known are subject, trusted', { tell = { subject = "x", key_file = path } })
        refuses('identity.sign.trusted must be true or false, got "yes"', { sign = { key_file = path, subject = "x", trusted = "yes" } })
    end)

    it("has pass_on() for who calls it by hand, as well as inference has access()", function()
        local alone = identity.new({ tell = { subject = "remote_user" } })
        assert.equal(alone.admitted, alone.pass_on)
        local asking = require("resty.openclaw.inference").new({ include_usage = true })
        assert.equal(asking.admitted, asking.access)
        assert.is_nil(require("resty.openclaw.inference").new({}).access)
    end)

    describe("takes for a subject", function()
        local function new(subject, trusted)
            return pcall(identity.new, { tell = { subject = subject, trusted = trusted } })
        end

        it("what is known to be fit", function()
            for _, name in ipairs({ "remote_user", "remote_addr", "ssl_client_s_dn", "ssl_client_serial", "ssl_client_fingerprint", "openclaw_identity", "jwt_claim_sub", "hostname", "server_name" }) do
                assert.is_true(new(name))
            end
        end)

        it("a variable of the operator's own where he says that it is trusted", function()
            local ok, err = new("farm")
            assert.is_false(ok)
            assert.equal('identity.tell.subject must be one of ' ..
                "hostname, openclaw_identity, realip_remote_addr, remote_addr, remote_user, server_name, ssl_client_fingerprint, ssl_client_s_dn, ssl_client_serial, jwt_claim_NAME, " ..
                'or, with trusted = true, a variable that clients cannot write, got "farm"', err)
            assert.is_false(new("farm", false))
            assert.is_true(new("farm", true))
        end)

        it("one that nginx.conf does not declare, which names nobody, and is told of", function()
            local series = 'openclaw_faults_total{plugin="identity",kind="undeclared_subject"}'
            local function faults()
                return tonumber(reader.parse(http.get_from(PORT, "/metrics").body)[series] or 0)
            end
            local before = faults()
            assert.equal(200, http.get_from(PORT, "/?route=open_edge").status)
            assert.equal(before, faults())
            assert.equal(200, http.get_from(PORT, "/?route=undeclared").status)
            assert.same({}, told(tiers.seen[2]))
            assert.is_true(faults() > before)
        end)

        it("nothing that clients write, whatever is said of it", function()
            for _, name in ipairs({ "http_x_user", "HTTP_X_USER", "arg_user", "cookie_user", "args", "is_args", "query_string", "request_uri", "request", "request_method",
                "host", "uri", "document_uri", "content_type", "content_length", "openclaw_request_id", "openclaw_path", "openclaw_trace_id", "openclaw_model", "openclaw_route",
                "proxy_add_x_forwarded_for", "ssl_server_name", "ssl_preread_server_name", "proxy_protocol_addr", "sent_http_x_user", "upstream_http_x_user", "scheme", "server_protocol" }) do
                assert.is_false(new(name), name)
                local ok, err = new(name, true)
                assert.is_false(ok, name)
                assert.truthy(err:find('.subject must be a variable that clients cannot write, got "', 1, true), err)
            end
        end)

        it("no certificate that nginx has not verified", function()
            local variable = request.variable
            local verified = "FAILED:self-signed certificate"
            -- luacheck: push ignore 122
            request.variable = function(name)
                if name == "ssl_client_s_dn" then return "CN=root" end
                if name == "ssl_client_verify" then return verified end
                return variable(name)
            end
            local refused_answer = get("/?route=certificate")
            verified = "SUCCESS"
            local answer = get("/?route=certificate")
            request.variable = variable
            -- luacheck: pop
            assert.equal(401, refused_answer.status)
            assert.equal("CN=root", known(answer))
        end)
    end)
end)
