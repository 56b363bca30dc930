local callbacks_of = require("resty.openclaw.edge.callbacks")
local edge = require("spec.support.edge_jobs")
local schemas = require("resty.openclaw.config.schema")
local settings_of = require("resty.openclaw.edge.settings")

describe("edge: the options on jobs", function()
    before_each(edge.reset)
    after_each(edge.restore)

    local GOOD = { store = "/var/spool/x", through = "http://127.0.0.1:8081" }

    local function read(options)
        local given = {}
        for name, value in pairs(GOOD) do given[name] = value end
        for name, value in pairs(options or {}) do given[name] = value end
        if given.store == false then given.store = nil end
        return settings_of.of(schemas.read_or_raise(settings_of.SCHEMA, given, "edge"), "edge")
    end

    it("have defaults", function()
        local settings = read()
        assert.same({ "127.0.0.1", 8081 }, { settings.host, settings.port })
        assert.same(
            { 10485760, 1073741824, 10000, 0.5, 86400, 3600, 1048576, 4 * (1048576 + 4096), 5, 4, 5, 5, 330, false, "default" },
            {
                settings.max_body_bytes, settings.max_bytes, settings.max_jobs, settings.client_share, settings.max_age_seconds, settings.keep_seconds,
                settings.max_answer_bytes, settings.reserve_bytes, settings.rate, settings.concurrency, settings.max_tries, settings.attempts, settings.timeout_seconds,
                settings.callback_plain, settings.thread_pool,
            }
        )
        assert.same({ POST = true }, settings.methods)
        local names = {}
        for index, header in ipairs(settings.headers) do names[index] = header.name end
        assert.same({ "Content-Type", "Content-Encoding", "Content-Language", "Accept", "Accept-Language", "Idempotency-Key" }, names)
    end)

    it("accept only a listener on this machine", function()
        assert.same({ "unix:/run/a.sock", 0 }, { read({ through = "http://unix:/run/a.sock" }).host, read({ through = "http://unix:/run/a.sock:" }).port })
        assert.equal("[::1]", read({ through = "http://[::1]:81/" }).host)
        assert.equal("localhost", read({ through = "http://localhost:81" }).host)
        for _, url in ipairs({
            "127.0.0.1:81", "https://127.0.0.1:81", "http://10.0.0.1", "http://127.0.0.1.evil", "http://example.test", "http://127.0.0.1:81/x",
            "http://unix:", "http://unix:x", "http://[::2]:81", "http://0.0.0.0:81", "http://a@127.0.0.1", "unix:/run/x",
        }) do
            local ok, err = pcall(read, { through = url })
            assert.is_false(ok, url)
            assert.equal('edge.through must be "http://127.0.0.1:PORT" or "http://unix:/PATH", where this gateway listens, got "' .. url .. '"', err)
        end
    end)

    it("are refused when they are wrong", function()
        for expected, options in pairs({
            ['store must be the path of a folder from the root, got nothing'] = { store = false },
            ['store must be the path of a folder from the root, got "x/y"'] = { store = "x/y" },
            ['store must be the path of a folder from the root, got "/x/"'] = { store = "/x/" },
            ['store must be the path of a folder from the root, got "/"'] = { store = "/" },
            ['methods[1] must be a method like "POST", got "post"'] = { methods = { "post" } },
            ['methods[1] must be a method like "POST", got "CONNECT"'] = { methods = { "CONNECT" } },
            ['methods must be a list with at least one entry, got a string'] = { methods = "POST" },
            ['methods[1] must be a method like "POST", got 5'] = { methods = { 5 } },
            ['headers[1] must be the name of a header to store, got "a b"'] = { headers = { "a b" } },
            ['headers[1] must be the name of a header to store, got "Content-Length"'] = { headers = { "Content-Length" } },
            ['headers[1] must be the name of a header to store, got "X-OpenClaw-Delivery"'] = { headers = { "X-OpenClaw-Delivery" } },
            ['headers[1] must be the name of a header to store, got "Host"'] = { headers = { "Host" } },
            ['max_bytes must be a whole number from 1 up, got 0'] = { max_bytes = 0 },
            ['max_bytes must be 4096 or more above max_answer_bytes (1048576), got 1048576'] = { max_bytes = 1048576 },
            ['client_share must be a number above 0, up to 1, got 1.1'] = { client_share = 1.1 },
            ['rate must be a number above 0, got 0'] = { rate = 0 },
            ['concurrency must be a whole number from 1 up, got 1.5'] = { concurrency = 1.5 },
            ['callback_hosts[1] must be a host like "app.example" or "app.example:8443", got "https://x"'] = { callback_hosts = { "https://x" } },
            ['callback_hosts[1] must be a host like "app.example" or "app.example:8443", got "x/"'] = { callback_hosts = { "x/" } },
            ['callback_plain must be true or false, got 1'] = { callback_plain = 1 },
        }) do
            local ok, err = pcall(read, options)
            assert.is_false(ok, expected)
            assert.equal('edge.' .. expected, err)
        end
    end)

    it("allow callbacks without TLS", function()
        local settings = read({ callback_hosts = { "App.test" }, callback_plain = true })
        assert.is_nil(callbacks_of.url_fault(settings, "http://app.test/"))
        assert.is_nil(callbacks_of.url_fault(settings, "http://app.test:80/"))
        assert.equal("its host is not allowed", callbacks_of.url_fault(settings, "http://app.test:443/"))
    end)
end)
