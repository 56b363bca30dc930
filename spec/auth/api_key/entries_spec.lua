local digests = require("resty.openclaw.core.bytes.digest")
local entries = require("resty.openclaw.auth.api_key.entries")

local sha256 = digests.new("sha256")

local function digest(key) return (assert(sha256:of(key))) end

local function go_on() end

local function parse(text) return entries.parse(text, go_on) end

--- Who has the key "key", whose line has these attributes.
local function caller(attributes)
    local found = assert(parse("client-7 " .. digest("key") .. attributes .. "\n"))
    assert.equal(1, found.count)
    return entries.find(found, digest("key"))
end

local function err_of(text)
    local found, err = parse(text)
    assert.is_nil(found)
    return err
end

--- What is wrong with one line.
local function wrong(line)
    return (err_of("# a comment\n" .. line .. "\n"):gsub("^line 2: ", ""))
end

local NAME = "1 to 64 letters, digits, dots, underscores or hyphens"
local SHA = "the second word must be the SHA-256 of the key: 64 hex digits"
local WORDS = "NAME=VALUE is expected after the SHA-256, with the names tenant, class, rate, routes and expires"
local ROUTES = "routes must be up to 64 different names with commas between them, each " .. NAME
local EXPIRES = "expires must be like 2027-01-31 or 2027-01-31T00:00:00Z"
local RATE = "rate must be like 10/second or 600/minute"

describe("auth.api_key.entries", function()
    local D = digest("key")

    it("reads ids, digests and attributes", function()
        local found = caller(" tenant=acme class=vip rate=600/minute routes=analyze,embed expires=2027-01-31T00:00:00Z")
        assert.equal("client-7", found.identity)
        assert.equal("acme", found.tenant)
        assert.equal("vip", found.class)
        assert.equal("600/minute", found.rate)
        assert.is_true(found.routes.analyze and found.routes.embed)
        assert.is_nil(found.routes.other)
        assert.equal(1801353600, found.expires_at)
    end)

    it("has defaults for what is not there", function()
        local found = caller("")
        assert.same({ "client-7", "", "standard" }, { found.identity, found.tenant, found.class })
        assert.is_nil(found.rate or found.routes or found.expires_at)
    end)

    it("takes comments, blank lines, indents, tabs, upper-case digits and the line ends of other systems", function()
        local text = "# one\r\n\r\n \t# two\n\n   \t \n\ta\t" .. D:upper() .. "  class=x\t\r\nb " .. digest("b") .. "\r\n"
        local found = assert(parse(text))
        assert.equal(2, found.count)
        assert.equal("x", entries.find(found, D).class)
        assert.equal("b", entries.find(found, digest("b")).identity)
        assert.is_nil(entries.find(found, digest("c")))
    end)

    it("refuses a file without keys, which would withdraw them all", function()
        for _, text in ipairs({ "", "\n", "# nothing\n", "\n\n \n" }) do
            assert.equal("has no keys", err_of(text))
        end
    end)

    it("refuses long lines of any kind at once", function()
        for _, letter in ipairs({ " ", "\t", "#", "a" }) do
            assert.equal("line 2: there are more than 8192 bytes in it", err_of("\n" .. letter:rep(8193) .. "\n"))
            local text = letter:rep(entries.MOST_BYTES - 1) .. "\n"
            local start = os.clock()
            assert.equal("line 1: there are more than 8192 bytes in it", err_of(text))
            assert.is_true(os.clock() - start < 0.03)
        end
        assert.equal(1, assert(parse((" "):rep(8192) .. "\n" .. ("#"):rep(8192) .. "\r\na " .. D .. "\n")).count)
    end)

    it("finds a key by the whole of its digest, not by its first half", function()
        local found = assert(parse("a " .. D .. "\n"))
        for at = 1, 64 do
            local digit = D:sub(at, at) == "0" and "1" or "0"
            assert.is_nil(entries.find(found, D:sub(1, at - 1) .. digit .. D:sub(at + 1)))
        end
        assert.is_nil(entries.find(found, D:sub(1, 32)))
        assert.is_nil(entries.find(found, ""))
    end)

    it("refuses a last line without its end, which may be half of one", function()
        local whole = "a " .. D .. " class=vip routes=a,b expires=2027-01-31"
        for length = 1, #whole do
            assert.equal("line 1: no line break at its end, so it may be incomplete", err_of(whole:sub(1, length)))
        end
        assert.matches("^line 3: no line break", err_of("\n\n" .. whole))
    end)

    it("says which line is wrong, and why, without showing it", function()
        for line, err in pairs({
            ["a"] = "an id and a SHA-256 are expected",
            ["a " .. D:sub(2)] = SHA,
            ["a " .. D .. "0"] = SHA,
            ["a g" .. D:sub(2)] = SHA,
            ["a " .. D:sub(1, 32) .. " " .. D:sub(33)] = WORDS,
            [D .. " a"] = SHA,
            ["a b " .. D] = WORDS,
            ["a:b " .. D] = "the id must be " .. NAME,
            [("a"):rep(65) .. " " .. D] = "the id must be " .. NAME,
            ["\195\164 " .. D] = "the id must be " .. NAME,
            ["\239\187\191a " .. D] = "the id must be " .. NAME,
            ["a\0b " .. D] = "the id must be " .. NAME,
            ["a " .. D .. " # comment"] = WORDS,
            ["a " .. D .. " vip"] = WORDS,
            ["a " .. D .. " route=x"] = WORDS,
            ["a " .. D .. " Class=x"] = WORDS,
            ["a " .. D .. " class="] = WORDS,
            ["a " .. D .. " class =x"] = WORDS,
            ["a " .. D .. " =x"] = WORDS,
            ["a " .. D .. " class=x class=x"] = "class is there twice",
            ["a " .. D .. " class=x=y"] = "class must be " .. NAME,
            ["a " .. D .. " class=" .. ("x"):rep(65)] = "class must be " .. NAME,
            ["a " .. D .. " tenant=\"x\""] = "tenant must be " .. NAME,
            ["a " .. D .. " tenant=x\ry"] = "tenant must be " .. NAME,
            ["a " .. D .. " rate=10"] = RATE,
            ["a " .. D .. " rate=0/second"] = RATE,
            ["a " .. D .. " rate=-1/second"] = RATE,
            ["a " .. D .. " rate=1.5/second"] = RATE,
            ["a " .. D .. " rate=10/seconds"] = RATE,
            ["a " .. D .. " rate=10/day"] = RATE,
            ["a " .. D .. " rate=1" .. ("0"):rep(30) .. "/second"] = RATE,
            ["a " .. D .. " routes=,a"] = ROUTES,
            ["a " .. D .. " routes=a,"] = ROUTES,
            ["a " .. D .. " routes=a,,b"] = ROUTES,
            ["a " .. D .. " routes=a,b,a"] = ROUTES,
            ["a " .. D .. " routes=a;b"] = ROUTES,
            ["a " .. D .. " expires=2027-02-29"] = EXPIRES,
            ["a " .. D .. " expires=never"] = EXPIRES,
            [("a"):rep(9000)] = "there are more than 8192 bytes in it",
        }) do
            assert.equal(err, wrong(line))
        end
        local many = {}
        for number = 1, 65 do many[number] = "r" .. number end
        assert.equal(ROUTES, wrong("a " .. D .. " routes=" .. table.concat(many, ",")))
        many[65] = nil
        assert(parse("a " .. D .. " routes=" .. table.concat(many, ",") .. "\n"))
    end)

    it("refuses the same id and the same key twice", function()
        local first = "a " .. D .. "\n"
        assert.equal("line 3: it has the id of line 1", err_of(first .. "\na " .. digest("b") .. "\n"))
        assert.equal("line 2: it has the key of an earlier line", err_of(first .. "b " .. D .. "\n"))
        assert.equal("line 2: it has the key of an earlier line", err_of(first .. "b " .. D:upper() .. "\n"))
        assert.equal("line 2: it has the key of an earlier line", err_of(first .. "b " .. D:sub(1, 32) .. ("0"):rep(32) .. "\n"))
        -- "A" is another id.
        assert.equal(2, assert(parse(first .. "A " .. digest("b") .. "\n")).count)
    end)

    it("takes 10,000 keys and no more, and may pause after each line", function()
        local lines, pauses = {}, 0
        local function hash_of(number) return ("%08x"):format(number):rep(8) end
        for number = 1, 10000 do lines[number] = ("c%d %s"):format(number, hash_of(number)) end
        local found = assert(entries.parse(table.concat(lines, "\n") .. "\n", function() pauses = pauses + 1 end))
        assert.equal(10000, found.count)
        assert.equal(10000, pauses)
        for _, number in ipairs({ 1, 9999, 10000 }) do
            assert.equal("c" .. number, entries.find(found, hash_of(number)).identity)
        end
        lines[10001] = "one-more " .. D
        assert.equal("line 10001: there are more than 10000 keys", err_of(table.concat(lines, "\n") .. "\n"))
        lines[5000] = "c70 " .. D
        assert.equal("line 5000: it has the id of line 70", err_of(table.concat(lines, "\n", 1, 5000) .. "\n"))
    end)
end)
