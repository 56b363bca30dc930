local api_keys = require("spec.support.api_keys")
local credentials = require("resty.openclaw.auth.api_key.credential")
local disk = require("spec.support.disk")
local entries = require("resty.openclaw.auth.api_key.entries")
local key_file = require("resty.openclaw.auth.api_key.key_file")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local samples = require("spec.support.samples")
local watched_file = require("resty.openclaw.core.files.watched_file")
local is_foreign = require("spec.support.is_foreign")

local key, line = api_keys.key, api_keys.line
local registry = metric_registry.open("openclaw")
local PATH
local last = 0
local NOW = 1801353600 -- 2027-01-31

local function write(text)
    local file = assert(io.open(PATH, "wb"))
    file:write(text)
    file:close()
end

local function open(text)
    write(text)
    return key_file.new({ registry = registry, route = "key_file_spec", plugin = "auth", option = "spec.api_key.file", path = PATH })
end

--- As the timer does.
local function look(method)
    watched_file.look_at({ method.file })
end

describe("auth.api_key.key_file", function()
    local log, lines = ngx.log, nil

    before_each(function()
        last = last + 1
        PATH = ngx.config.prefix() .. "api_keys_" .. last
        lines = {}
        ngx.log = function(_, ...)
            local parts = { ... }
            for index = 1, select("#", ...) do parts[index] = tostring(parts[index]) end
            local text = table.concat(parts)
            if not is_foreign(text) then lines[#lines + 1] = text end
        end
    end)

    after_each(function()
        ngx.log = log
        os.remove(PATH)
    end)

    it("tells who has a key", function()
        local method = open(line("one", "tenant=acme class=vip routes=a rate=1/second") .. line("two"))
        assert.equal("api_key", method.name)
        local caller = method:check(key("one"), NOW)
        assert.same({ "one", "acme", "vip", "1/second" }, { caller.identity, caller.tenant, caller.class, caller.rate })
        assert.is_true(caller.routes.a)
        assert.equal("standard", method:check(key("two"), NOW).class)
        -- The same table each time: nobody may change it.
        assert.equal(caller, method:check(key("one"), NOW))
    end)

    it("has the keys of a file once for all routes, and tells metrics of them", function()
        local first = open(line("one"))
        assert.equal(first, open(line("one")))
        assert.equal(1, samples.value(registry, "openclaw_auth_keys", "key_file_spec", "api_key"))
        local failures = samples.value(registry, "openclaw_auth_key_load_failures_total", "key_file_spec", "api_key")
        write("broken\n")
        look(first)
        assert.equal(1, samples.value(registry, "openclaw_auth_keys_stale", "key_file_spec", "api_key"))
        assert.is_true(samples.value(registry, "openclaw_auth_key_load_failures_total", "key_file_spec", "api_key") > failures)
        assert.are_not.equal(first, open(line("two")))
        assert.equal(0, samples.value(registry, "openclaw_auth_keys_stale", "key_file_spec", "api_key"))
    end)

    it("knows no others", function()
        local method = open(line("one"))
        assert.same({ nil, "unknown_key" }, { method:check(key("two"), NOW) })
        -- What stands in the file is no key.
        assert.same({ nil, "unknown_key" }, { method:check(api_keys.digest(key("one")), NOW) })
        assert.same({ nil, "unknown_key" }, { method:check(key("one") .. "x", NOW) })
        assert.same({ nil, "unknown_key" }, { method:check(key("one"):sub(1, -2), NOW) })
        for _, malformed in ipairs({ "", "short", key("one") .. " ", " " .. key("one"), key("one") .. "\0", key("one"):rep(9), key("one") .. "\n" }) do
            assert.same({ nil, "malformed" }, { method:check(malformed, NOW) })
        end
        -- A key that is not legal is no key, whatever the file says.
        method = open("short " .. api_keys.digest("short") .. "\n")
        assert.same({ nil, "malformed" }, { method:check("short", NOW) })
    end)

    it("refuses a key from the moment on when it expires", function()
        local method = open(line("one", "expires=2027-01-31"))
        assert.equal("one", method:check(key("one"), NOW - 0.001).identity)
        assert.same({ nil, "expired" }, { method:check(key("one"), NOW) })
        assert.same({ nil, "expired" }, { method:check(key("one"), NOW + 1e9) })
    end)

    it("is unavailable where OpenSSL fails", function()
        local method = open(line("one"))
        local digest_of = credentials.digest_of
        credentials.digest_of = function() return nil end
        local caller, reason = method:check(key("one"), NOW)
        credentials.digest_of = digest_of
        assert.same({ nil, "unavailable" }, { caller, reason })
    end)

    it("follows the file: new keys, keys that are gone, and keys with other attributes", function()
        local method = open(line("one") .. line("two"))
        look(method)
        ngx.sleep(0.02)
        write(line("two", "class=vip") .. line("three"))
        look(method)
        assert.same({ nil, "unknown_key" }, { method:check(key("one"), NOW) })
        assert.equal("vip", method:check(key("two"), NOW).class)
        assert.equal("three", method:check(key("three"), NOW).identity)
        assert.equal(2, method:status().keys)
        assert.same({}, lines)
    end)

    it("keeps its keys when the file has none any more", function()
        local method = open(line("one"))
        for _, text in ipairs({ "", "# nothing\n" }) do
            look(method)
            ngx.sleep(0.02)
            write(text)
            look(method)
            assert.equal("one", method:check(key("one"), NOW).identity)
            assert.equal("has no keys", method:status().trouble)
        end
        assert.matches("spec.api_key.file: .*: has no keys; what was read before stays in use", lines[1])
    end)

    it("says in its status what it has, and the trouble of the last change", function()
        local method = open(line("one"))
        look(method)
        local status = method:status()
        assert.is_true(status.age_seconds >= 0 and status.age_seconds < 5)
        status.age_seconds = nil
        assert.same({ source = PATH, keys = 1, stale = false }, status)
        for text, trouble in pairs({ ["a\n"] = "line 1: an id and a SHA-256 are expected", [""] = "has no keys" }) do
            ngx.sleep(0.02)
            write(text)
            look(method)
            status = method:status()
            assert.same({ PATH, 1, true, trouble }, { status.source, status.keys, status.stale, status.trouble })
        end
        assert.equal(2, #lines)
    end)

    it("keeps its keys while the file is wrong or gone, and says so without showing it", function()
        local method = open(line("one"))
        look(method)
        ngx.sleep(0.02)
        write(line("two") .. "secret-id " .. key("one") .. "\n")
        look(method)
        assert.equal("one", method:check(key("one"), NOW).identity)
        assert.same({ nil, "unknown_key" }, { method:check(key("two"), NOW) })
        assert.equal("line 2: the second word must be the SHA-256 of the key: 64 hex digits", method:status().trouble)
        assert.equal(1, #lines)
        assert.matches("spec.api_key.file: .*: line 2: the second word must be the SHA%-256 of the key: 64 hex digits", lines[1])
        os.remove(PATH)
        look(method)
        assert.equal("one", method:check(key("one"), NOW).identity)
        write(line("two"))
        look(method)
        assert.equal("two", method:check(key("two"), NOW).identity)
        assert.is_nil(method:status().trouble)
        for _, text in ipairs(lines) do
            assert.is_nil(text:find("secret", 1, true) or text:find(key("one"), 1, true) or text:find(api_keys.digest(key("one")), 1, true))
        end
    end)

    it("lets others have their turn while it reads a long file, and goes on with the old keys meanwhile", function()
        local method = open(line("one"))
        look(method)
        ngx.sleep(0.02)
        local text = { line("two") }
        for number = 1, 9999 do text[#text + 1] = ("c%d %s\n"):format(number, ("%08x"):format(number):rep(8)) end
        write(table.concat(text))
        local turns, seen, parse = 0, {}, entries.parse
        local is_done, turns_meanwhile
        entries.parse = function(...)
            local before = turns
            local found, err = parse(...)
            turns_meanwhile = turns - before
            return found, err
        end
        ngx.thread.spawn(function()
            while not is_done do
                ngx.sleep(0.001)
                turns = turns + 1
                local caller = method:check(key("one"), NOW)
                seen[caller and caller.identity or "none"] = true
            end
        end)
        look(method)
        is_done = true
        entries.parse = parse
        assert.is_true(turns_meanwhile > 2, turns_meanwhile)
        assert.is_true(seen.one)
        assert.equal("two", method:check(key("two"), NOW).identity)
        assert.equal(10000, method:status().keys)
    end)

    it("raises in init where the file is missing, wrong or too large, without showing it", function()
        local function refusal(text)
            local ok, err = pcall(open, text)
            assert.is_false(ok)
            return err
        end
        assert.equal("spec.api_key.file: " .. PATH .. ": line 1: an id and a SHA-256 are expected", refusal("secret\n"))
        assert.equal("spec.api_key.file: " .. PATH .. ": has no keys", refusal("# secret\n"))
        assert.equal("spec.api_key.file: " .. PATH .. ": has more than 2097152 bytes", refusal(("#"):rep(entries.MOST_BYTES + 1)))
        os.remove(PATH)
        local ok, err = pcall(key_file.new, { registry = registry, route = "key_file_spec", plugin = "auth", option = "spec.file", path = PATH })
        assert.is_false(ok)
        assert.equal("spec.file: " .. PATH .. ": cannot open: No such file or directory", err)
        disk.shell("mkdir %s", PATH)
        ok, err = pcall(key_file.new, { registry = registry, route = "key_file_spec", plugin = "auth", option = "spec.file", path = PATH })
        disk.shell("rmdir %s", PATH)
        assert.is_false(ok)
        assert.equal("spec.file: " .. PATH .. ": cannot read: Is a directory", err)
    end)
end)
