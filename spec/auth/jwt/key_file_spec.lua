local jwks = require("spec.support.jwks")
local key_file = require("resty.openclaw.auth.jwt.key_file")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local samples = require("spec.support.samples")
local watched_file = require("resty.openclaw.core.files.watched_file")
local is_foreign = require("spec.support.is_foreign")

local registry = metric_registry.open("openclaw")
local PATH = ngx.config.prefix() .. "key_file_spec.json"
local OPTION = "spec: routes.r.auth.jwt.jwks_file"

local function write(text)
    local file = assert(io.open(PATH .. ".new", "wb"))
    file:write(text)
    file:close()
    assert(os.rename(PATH .. ".new", PATH))
end

describe("key_file", function()
    local log, sleep = ngx.log, ngx.sleep
    local lines, source, route
    local last = 0

    local function look() watched_file.look_at({ source.file }) end

    local function open()
        source = key_file.new({ registry = registry, route = route, option = OPTION, path = PATH })
        look()
    end

    local function value(name) return samples.value(registry, name, route, "jwt") end

    before_each(function()
        last = last + 1
        lines, route = {}, "key_file " .. last
        write(jwks.text("a", "b"))
        ngx.sleep = function() end
        ngx.log = function(_, ...)
            local parts = { ... }
            for index = 1, select("#", ...) do parts[index] = tostring(parts[index]) end
            local text = table.concat(parts)
            if not is_foreign(text) then lines[#lines + 1] = text end
        end
    end)

    after_each(function()
        ngx.log, ngx.sleep = log, sleep
        os.remove(PATH)
    end)

    it("has the keys of a file once for all routes", function()
        open()
        local first = source
        assert.equal(first, key_file.new({ registry = registry, route = route .. " too", option = OPTION, path = PATH }))
        os.remove(PATH)
        look()
        for _, name in ipairs({ route, route .. " too" }) do
            assert.equal(1, samples.value(registry, "openclaw_auth_keys_stale", name, "jwt"))
            assert.equal(1, samples.value(registry, "openclaw_auth_key_load_failures_total", name, "jwt"))
        end
        write(jwks.text("c"))
        assert.are_not.equal(first, key_file.new({ registry = registry, route = route, option = OPTION, path = PATH }))
    end)

    it("has the keys from the start", function()
        open()
        assert.equal("a b", jwks.kids(source:current(), "a", "b", "c"))
        assert.equal(source:current(), source:find("c"))
        assert.same({ 2, 0 }, { value("openclaw_auth_keys"), value("openclaw_auth_keys_stale") })
        assert.is_true(math.abs(ngx.time() - value("openclaw_auth_keys_loaded_timestamp_seconds")) < 5)
        local status = source:status()
        assert.is_true(status.age_seconds < 5)
        status.age_seconds = nil
        assert.same({ source = PATH, keys = 2, skipped = {}, stale = false }, status)
    end)

    it("takes changes over, and counts generations", function()
        open()
        local generation = source.generation
        look()
        assert.equal(generation, source.generation)
        write(jwks.text("b", "c"))
        look()
        assert.equal("b c", jwks.kids(source:current(), "a", "b", "c"))
        assert.is_true(source.generation > generation)
    end)

    it("keeps its keys when the file is wrong, and says so", function()
        open()
        local generation = source.generation
        for _, text in ipairs({ "", "{", "[]", '{"keys":[]}', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', ("x"):rep(262145) }) do
            write(text)
            look()
            assert.equal("a b", jwks.kids(source:current(), "a", "b"))
            assert.equal(1, value("openclaw_auth_keys_stale"))
            assert.is_true(source:status().stale)
        end
        assert.equal(generation, source.generation)
        assert.equal(6, value("openclaw_auth_key_load_failures_total"))
        assert.equal(6, #lines)
        assert.truthy(lines[1]:find(OPTION .. ": " .. PATH .. ": the JWKS ", 1, true))
        write(jwks.text("c"))
        look()
        assert.equal("c", jwks.kids(source:current(), "a", "b", "c"))
        assert.equal(0, value("openclaw_auth_keys_stale"))
        assert.is_nil(source:status().trouble)
    end)

    it("keeps its keys when those of the file are for none of a route's algorithms", function()
        open()
        source.needs[1] = { "ES256", "RS256" }
        write(jwks.text("c"))
        look()
        assert.equal("c", jwks.kids(source:current(), "a", "b", "c"))
        source.needs[2] = { "RS256", "EdDSA" }
        ngx.update_time()
        write(jwks.text("d"))
        look()
        assert.equal("c", jwks.kids(source:current(), "c", "d"))
        assert.equal("the keys are for ES256, and not for RS256, EdDSA", source:status().trouble)
        assert.equal(1, value("openclaw_auth_keys_stale"))
    end)

    it("keeps its keys when the file is gone", function()
        open()
        os.remove(PATH)
        look()
        assert.equal("a b", jwks.kids(source:current(), "a", "b"))
        assert.equal("cannot open: No such file or directory", source:status().trouble)
    end)

    it("shows no key in what it says", function()
        open()
        write('{"keys":[{"kty":"oct","kid":"name-of-it","k":"c2VjcmV0c2VjcmV0"}]}')
        look()
        assert.is_nil(lines[1]:find("c2Vj", 1, true))
        assert.is_nil(lines[1]:find("name-of-it", 1, true))
    end)

    it("does not start with a wrong file", function()
        write("{}")
        local ok, err = pcall(open)
        assert.is_false(ok)
        assert.equal(OPTION .. ": " .. PATH .. ': the JWKS has no list "keys"', err)
    end)
end)
