local http_client = require("resty.openclaw.http_client")
local places = require("resty.openclaw.image.remote.places")

local function read(text)
    local problems = {}
    local place = places.PLACE.read(text, "hosts[1]", problems)
    return place, problems[1]
end

--- Whether a list with this entry allows a URL.
local function allows(entry, url)
    local place, problem = read(entry)
    assert.is_nil(problem)
    local target = http_client.parse_url(url)
    return target ~= nil and places.find({ place }, target) ~= nil
end

describe("image.remote.places", function()
    it("refuses entries that are no hosts", function()
        for _, entry in ipairs({
            "", "*", "*.", "*.1", "*.10.0.0.1", "a.*.test", "*.*.test", "https://", "ftp://a.test", "a.test/images", "a b", "a.test:0",
            "a.test:65536", "user@a.test", "a..test", ".a.test", "a.test.", "2130706433", "0x7f.1", "127.1", "10.0.0.256",
            "http://[::1", "*a.test", 5, {},
        }) do
            local _, problem = read(entry)
            assert.truthy(problem and problem:find("hosts[1] must be a host such as", 1, true), tostring(entry))
        end
    end)

    it("wants http for addresses", function()
        for _, entry in ipairs({ "10.0.0.5", "https://10.0.0.5:9000", "[::1]:9000" }) do
            local _, problem = read(entry)
            assert.truthy(problem:find('an address with "http://" before it', 1, true))
        end
        assert.is_nil(select(2, read("http://10.0.0.5:9000")))
    end)

    it("allow exactly the scheme, the host and the port that they name", function()
        assert.is_true(allows("cdn.test", "https://cdn.test/a.jpg"))
        assert.is_true(allows("CDN.test", "https://cdn.TEST:443/a.jpg?b=c"))
        assert.is_true(allows("cdn.test:8443", "https://cdn.test:8443/"))
        assert.is_true(allows("http://cdn.test", "http://cdn.test/"))
        for entry, urls in pairs({
            ["cdn.test"] = {
                "http://cdn.test/", "https://cdn.test:80/", "https://cdn.test:8443/", "https://x.cdn.test/", "https://cdn.test.evil.test/",
                "https://evilcdn.test/", "https://cdn.test./", "https://cdn.test@evil.test/", "https://user@cdn.test/",
                "https://evil.test/cdn.test", "https://evil.test#cdn.test", "https://evil.test?.cdn.test", "https://evil.test\\.cdn.test/",
                "https://cdn.test\\@evil.test/", "https:///cdn.test", "//cdn.test/", "https://cdn.test:443:443/", "https://cdn%2etest/",
                "https://cdn.test\0.evil.test/", "https://cdn.test\r\n.evil.test/", "file:///etc/passwd", "gopher://cdn.test/",
            },
            ["http://cdn.test"] = { "https://cdn.test/", "http://cdn.test:443/" },
            ["cdn.test:8443"] = { "https://cdn.test/" },
        }) do
            for _, url in ipairs(urls) do assert.is_false(allows(entry, url), url) end
        end
    end)

    it("may stand for all names below one", function()
        assert.is_true(allows("*.cdn.test", "https://a.cdn.test/"))
        assert.is_true(allows("*.cdn.test", "https://a.B.CDN.test/"))
        for _, url in ipairs({
            "https://cdn.test/", "https://.cdn.test/", "https://evilcdn.test/", "https://a..cdn.test/", "https://a.cdn.test.evil.test/",
            "http://a.cdn.test/",
        }) do
            assert.is_false(allows("*.cdn.test", url), url)
        end
    end)

    it("may be an address, in whatever form the system takes", function()
        assert.is_true(allows("http://127.0.0.1:8123", "http://127.0.0.1:8123/"))
        assert.is_true(allows("http://[0:0::1]:8123", "http://[::1]:8123/"))
        assert.is_true(allows("http://[::1]:8123", "http://[0:0:0:0:0:0:0:1]:8123/"))
        for _, url in ipairs({
            "http://127.0.0.1/", "http://127.0.0.1:8124/", "https://127.0.0.1:8123/", "http://127.0.0.2:8123/", "http://127.1:8123/",
            "http://2130706433:8123/", "http://0x7f.1:8123/", "http://0177.0.0.1:8123/", "http://[::ffff:127.0.0.1]:8123/",
            "http://localhost:8123/",
        }) do
            assert.is_false(allows("http://127.0.0.1:8123", url), url)
        end
    end)
end)
