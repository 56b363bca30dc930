-- Files, keys and records of Redis that are almost right: nothing raises, and nobody gets in who should not.
local api_keys = require("spec.support.api_keys")
local entries = require("resty.openclaw.auth.api_key.entries")
local key_file = require("resty.openclaw.auth.api_key.key_file")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local redis_records = require("resty.openclaw.auth.api_key.redis_record")

local MUTATIONS = 10000
local SEED = math.floor(ngx.now() * 1000) % 2147483646 + 1
local PATH = ngx.config.prefix() .. "mutated_api_keys"

local state

--- A number from 1 to `most`. Not math.random, whose numbers others take as well.
local function random(most)
    state = (state * 48271) % 2147483647
    return state % most + 1
end

local BYTES = { "\0", "\n", "\r", "\t", " ", "#", "=", ",", ".", "-", "_", "0", "f", "A", "z", "\127", "\128", "\255", "%", "/", ":" }

--- A text with one to four small changes.
local function mutated(text)
    for _ = 1, random(4) do
        local at = random(#text + 1)
        local kind = random(5)
        if kind == 1 then text = text:sub(1, at - 1) .. BYTES[random(#BYTES)] .. text:sub(at)
        elseif kind == 2 then text = text:sub(1, at - 1) .. text:sub(at + random(3))
        elseif kind == 3 then text = text:sub(1, at - 1) .. BYTES[random(#BYTES)] .. text:sub(at + 1)
        elseif kind == 4 then text = text:sub(1, at - 1)
        else text = text:sub(1, at - 1) .. text:sub(at, at + random(40)) .. text:sub(at)
        end
        if #text == 0 then text = "x" end
    end
    return text
end

local function go_on() end

local NAMES = { "one", "two", "three" }
local TEXT = "# keys\n\n" .. api_keys.line("one", "tenant=acme class=vip rate=600/minute routes=analyze,embed expires=2099-01-31")
    .. api_keys.line("two", "class=batch") .. api_keys.line("three", "expires=2099-01-31T12:00:00Z")

describe("auth.api_key with 10,000 mutations (SPEC_SEED=" .. SEED .. ")", function()
    before_each(function() state = SEED end)

    it("of keys accepts none", function()
        local file = assert(io.open(PATH, "wb"))
        file:write(TEXT)
        file:close()
        local options = { registry = metric_registry.open("openclaw"), plugin = "auth", route = "mutations_spec", option = "spec", path = PATH }
        local method = key_file.new(options)
        os.remove(PATH)
        local is_key, accepted, reasons = {}, {}, {}
        for _, name in ipairs(NAMES) do is_key[api_keys.key(name)] = true end
        for _ = 1, MUTATIONS do
            local key = mutated(api_keys.key(NAMES[random(#NAMES)]))
            if not is_key[key] then
                local caller, reason = method:check(key, 1e9)
                if caller then accepted[#accepted + 1] = key end
                reasons[reason or "accepted"] = true
            end
        end
        assert.same({}, accepted)
        assert.same({ malformed = true, unknown_key = true }, reasons)
    end)

    it("of the file gives no key to anybody else, and shows nothing of it", function()
        local wrong, taken = {}, 0
        for _ = 1, MUTATIONS do
            local text = mutated(TEXT)
            local found, err = entries.parse(text, go_on)
            if found then
                taken = taken + 1
                -- Whoever is let in has a digest that stands in the text.
                for _, name in ipairs({ "one", "two", "three", "four" }) do
                    local digest = api_keys.digest(api_keys.key(name))
                    if entries.find(found, digest) and not text:lower():find(digest, 1, true) then wrong[#wrong + 1] = text end
                end
            elseif err ~= "has no keys" and not err:find("^line %d+: [%w ,.:=/-]+$") or err:find("acme", 1, true) or err:find(api_keys.digest(api_keys.key("two")):sub(1, 8), 1, true) then
                wrong[#wrong + 1] = err
            end
        end
        assert.same({}, wrong)
        -- Both happen: else this would prove nothing.
        assert.is_true(taken > 100 and taken < MUTATIONS - 100, taken)
    end)

    it("of a file's line never widens what a key may do", function()
        -- One attribute is changed: the line is refused, or the limit is there, if another one.
        local digest = api_keys.digest(api_keys.key("one"))
        local wrong = {}
        for _ = 1, MUTATIONS do
            local name, value = "routes", "analyze,embed"
            if random(2) == 1 then name, value = "expires", "2099-01-31" end
            local changed = mutated(value)
            if not changed:find("[ \t\n\r]") then
                local found = entries.parse(("one %s %s=%s\n"):format(digest, name, changed), go_on)
                local caller = found and entries.find(found, digest)
                if caller and not (caller.routes or caller.expires_at) then wrong[#wrong + 1] = changed end
            end
        end
        assert.same({}, wrong)
    end)

    it("of a record in Redis takes no other values", function()
        local wrong = {}
        for _ = 1, MUTATIONS do
            local words = { "id", "one", "tenant", "acme", "rate", "600/minute", "routes", "a,b", "expires", "2099-01-31" }
            local place = random(#words)
            local kind = random(8)
            if kind == 1 then table.remove(words, place)
            elseif kind == 2 then words[place] = ngx.null
            elseif kind == 3 then words[place] = { false, "ERR" }
            elseif kind == 4 then words[place] = 5
            else words[place] = mutated(words[place])
            end
            local caller, err = redis_records.caller_of(words)
            local is_fine = caller and caller.identity:find("^[%w._-]+$") and caller.routes and caller.expires_at and caller.rate and caller.tenant:find("^[%w._-]+$")
            if not is_fine and not (err and not err:find("acme", 1, true)) then wrong[#wrong + 1] = { words, caller } end
        end
        assert.same({}, wrong)
    end)
end)
