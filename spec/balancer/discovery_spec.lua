local clock = require("resty.openclaw.core.time.clock")
local discovery = require("resty.openclaw.balancer.discovery")
local dns = require("spec.support.dns_server")
local dns_servers = require("resty.openclaw.core.dns.servers")
local eventually = require("spec.support.eventually")
local execute = require("spec.support.execute")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local questions = require("resty.openclaw.core.dns.question")
local read_option = require("spec.support.read_option")
local settings = require("resty.openclaw.balancer.discovery.settings")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local PORT, DNSMASQ_PORT = 18354, 18353
local SERVFAIL, NXDOMAIN = 2, 3

local registry = metric_registry.open("openclaw")
local server, changes, last_name

--- A name that no other test has asked for.
local function new_name(suffix)
    last_name = (last_name or 0) + 1
    return "n" .. last_name .. ".test" .. (suffix or ":8000")
end

local function read_settings(options, has_names)
    return settings.settings_of(read_option(settings.DNS, options, "spec.dns"), "spec", has_names)
end

local function discover(names, options, changed)
    options = options or {}
    options.servers = options.servers or { "127.0.0.1:" .. PORT }
    changed = changed or function() changes = changes + 1 end
    return discovery.new("spec", registry, names, read_settings(options, #names > 0), changed)
end

local function count(name, result)
    local family = metric_registry.counter(registry, "openclaw_dns_lookups_total", "", { "name", "result" })
    return shared_memory.total(registry.region, family:labels(name, result).slot)
end

local function faults()
    local family = metric_registry.counter(registry, "openclaw_faults_total", "", { "plugin", "kind" })
    return shared_memory.total(registry.region, family:labels("balancer", "dns").slot)
end

--- Lets a look-up begin at this time, and waits for its end.
local function look_up(found, name, now)
    local before = count(name, "ok") + count(name, "failed")
    found:tick(now)
    eventually(function() return count(name, "ok") + count(name, "failed") > before end, "look-up of " .. name)
    found:tick(now)
end

local function texts(entries)
    local list = {}
    for place, entry in ipairs(entries) do list[place] = entry.address .. " " .. entry.weight end
    return list
end

--- Answers A questions with these addresses, and AAAA questions with none.
local function answer_with(addresses, ttl)
    server.answer = function(question)
        local records = {}
        for place, address in ipairs(question.type == dns.A and addresses or {}) do
            records[place] = dns.a(question.name, address, ttl)
        end
        return dns.packet(question, records)
    end
end

local function asked(kind)
    local number = 0
    for _, question in ipairs(server.asked) do
        if not kind or question.type == kind then number = number + 1 end
    end
    return number
end

describe("discovery", function()
    before_each(function()
        changes = 0
        server = dns.start(PORT)
        answer_with({ "10.0.0.1" })
    end)
    after_each(function() dns.stop(server) end)

    describe("names", function()
        it("are hosts with a port, and services", function()
            for _, text in ipairs({
                "gpu.example.org:8000", "GPU:1", "localhost:65535", "my_service:80", "xn--bcher-kva.example:80",
                "gpu.example.org.:8000", "1.gpu:80", "10.0.0.1.nip.io:80", ("a"):rep(63) .. ".b:80",
                "_http._tcp.gpu.example.org", "_http._tcp.gpu.example.org.", "_a._b.c",
            }) do
                assert.is_true(discovery.is_name(text), text)
            end
        end)

        it("are nothing else", function()
            for _, text in ipairs({
                "", ":80", "gpu", "gpu.example.org", "gpu:", "gpu:0", "gpu:65536", "gpu:http", "gpu:80:80", "gpu:80 ",
                "10.0.0.1:80", "10.0.0.256:80", "1:80", "[::1]:80", "::1", "unix:/gpu", "unix:/gpu:80", "http://gpu:80",
                ".gpu:80", "gpu..org:80", "-gpu:80", "gpu-:80", "g pu:80", "g\0pu:80", "gpu\n:80", "gpü:80", "..:80",
                ("a"):rep(64) .. ":80", ("a."):rep(127) .. "a:80", "_http._tcp.gpu:80", "_http._tcp", "_http.gpu",
                "_http", "_http._tcp.", "_http._tcp.gpu..org", "*.gpu:80",
            }) do
                assert.is_false(discovery.is_name(text), text)
            end
        end)
    end)

    describe("options", function()
        local function refused(message, options, names)
            local ok, err = pcall(discover, names or {}, options)
            assert.is_false(ok)
            assert.equal(message, err)
        end

        it("are refused by name", function()
            refused('spec.dns: unknown option "server"; did you mean "servers"?', { server = {} })
            refused('spec.dns.timeout must be a number above 0, got 0', { timeout = 0 })
            refused('spec.dns.attempts must be a whole number from 1 up, got 1.5', { attempts = 1.5 })
            refused('spec.dns.least_seconds must be a number above 0, got "1"', { least_seconds = "1" })
            refused('spec.dns.most_seconds must be at least least_seconds (5), got 4',
                { least_seconds = 5, most_seconds = 4 })
            refused('spec.dns.ipv6 must be true or false, got "off"', { ipv6 = "off" })
            refused('spec.dns.servers must be a list with at least one entry, got an empty table', { servers = {} })
            refused('spec.dns.servers[2] must be an IP address, or one with a port, got "dns.test"',
                { servers = { "10.0.0.1", "dns.test" } })
            for _, entry in ipairs({ "10.0.0.1:0", "10.0.0.1:x", "10.0.0.1:53:53", "::1:x", "[::1]", "", 53 }) do
                assert.is_false((pcall(discover, {}, { servers = { entry } })), entry)
            end
            local many = {}
            for index = 1, 9 do many[index] = "10.0.0." .. index end
            refused('spec.dns.servers must be a list of at most 8 entries, got a table', { servers = many })
            refused('spec: nodes must be a list whose names are DNS names, got "a b:80"',
                { servers = { "10.0.0.1" } }, { "a b:80" })
        end)

        it("name servers of either family, with a port or without", function()
            local given = { "10.0.0.1", "10.0.0.2:54", "fd00::1", "[fd00:0::2]:55" }
            local expected = { { "10.0.0.1", 53 }, { "10.0.0.2", 54 }, { "[fd00::1]", 53 }, { "[fd00::2]", 55 } }
            assert.same(expected, read_settings({ servers = given }, true).servers)
        end)

        it("may be left out", function()
            assert.is_nil(discover({}):addresses("a:80"))
        end)

        local function file_with(text)
            local path = os.tmpname()
            local file = assert(io.open(path, "w"))
            file:write(text)
            file:close()
            finally(function() os.remove(path) end)
            return path
        end

        it("take the servers from a file otherwise", function()
            local path = file_with("# nameserver 10.0.0.9\nnameserver 10.0.0.1\n;nameserver 10.0.0.8\n"
                .. "search nameserver 10.0.0.7\n\tnameserver\tfd00::1 # the other\nnameserver fe80::1%eth0\nnameserver\n"
                .. "nameserver x\nnameservers 10.0.0.6\nnameserver 10.0.0.2")
            assert.same({ { "10.0.0.1", 53 }, { "[fd00::1]", 53 }, { "10.0.0.2", 53 } }, dns_servers.servers_of(path))
        end)

        it("bound what is read of such a file", function()
            assert.equal(8, #dns_servers.servers_of(file_with(("nameserver 10.0.0.1\n"):rep(9))))
            assert.same({}, dns_servers.servers_of(file_with(("#\n"):rep(32768) .. "nameserver 10.0.0.1\n")))
            assert.same({}, dns_servers.servers_of("/no/such/file"))
            assert.same({}, dns_servers.servers_of("/"))
        end)
    end)

    describe("the library", function()
        local FIRST, SECOND = "resty.dns.resolver", "nginx.dns.resolver"

        --- Runs a function where only these libraries can be found.
        local function with(libraries, work)
            local loaded, preload = {}, {}
            for _, name in ipairs({ FIRST, SECOND }) do
                loaded[name], preload[name] = package.loaded[name], package.preload[name]
                package.loaded[name] = nil
                package.preload[name] = function()
                    return libraries[name] or error("not installed")
                end
            end
            local ok, err = pcall(work)
            for _, name in ipairs({ FIRST, SECOND }) do
                package.loaded[name], package.preload[name] = loaded[name], preload[name]
            end
            assert(ok, err)
        end

        local function found()
            return read_settings({ servers = { "10.0.0.1" } }, true).library
        end

        it("has either of two names", function()
            local first, second = {}, {}
            with({ [FIRST] = first, [SECOND] = second }, function() assert.equal(first, found()) end)
            with({ [SECOND] = second }, function() assert.equal(second, found()) end)
        end)

        it("is asked for where there is a name only", function()
            with({}, function()
                discover({})
                local ok, err = pcall(discover, { "gpu:80" })
                assert.is_false(ok)
                assert.equal("spec: names of nodes need lua-resty-dns, which Debian has in the package lua-nginx-dns", err)
            end)
        end)
    end)

    describe("look-ups", function()
        it("find addresses of both families, sorted, as the system writes them", function()
            local name = new_name()
            server.answer = function(question)
                if question.type == dns.A then
                    return dns.packet(question, { dns.a(question.name, "10.0.0.2"), dns.a(question.name, "10.0.0.1") })
                end
                return dns.packet(question, { dns.aaaa(question.name, 16), dns.aaaa(question.name, 1) })
            end
            local found = discover({ name })
            assert.is_nil(found:addresses(name))
            look_up(found, name, 1000)
            assert.same({ "10.0.0.1:8000 1", "10.0.0.2:8000 1", "[fd00::10]:8000 1", "[fd00::1]:8000 1" },
                texts(found:addresses(name)))
            local entry = found:addresses(name)[4]
            assert.equal("[fd00::1]", entry.host)
            assert.equal(8000, entry.port)
            assert.equal(2, asked())
            assert.equal(name:match("^(.-):"), server.asked[1].name)
            assert.equal(1, count(name, "ok"))
        end)

        it("leave IPv6 out where told so", function()
            local name = new_name()
            look_up(discover({ name }, { ipv6 = false }), name, 1000)
            assert.equal(1, asked(dns.A))
            assert.equal(0, asked(dns.AAAA))
        end)

        it("ask servers over IPv6 too", function()
            local name = new_name()
            local found = discover({ name }, { servers = { "[::ffff:127.0.0.1]:" .. PORT } })
            look_up(found, name, 1000)
            assert.same({ "10.0.0.1:8000 1" }, texts(found:addresses(name)))
        end)

        it("ask the next server when one is of no use", function()
            local other = dns.start(18356)
            finally(function() dns.stop(other) end)
            for _, trouble in ipairs({
                function() end,
                function(question) return dns.packet(question, {}, { code = SERVFAIL }) end,
                function(question) return dns.packet(question, {}, { count = 9 }):sub(1, -2) end,
            }) do
                other.answer = trouble
                local name = new_name()
                local found = discover({ name }, { servers = { "127.0.0.1:" .. PORT, "127.0.0.1:18356" }, timeout = 0.3 })
                for attempt = 1, 4 do look_up(found, name, attempt * 1e6) end
                assert.equal(4, count(name, "ok"))
            end
            -- Nobody is there at all.
            local name = new_name()
            local found = discover({ name }, { servers = { "127.0.0.1:" .. PORT, "127.0.0.1:18357" } })
            for attempt = 1, 4 do look_up(found, name, attempt * 1e6) end
            assert.equal(4, count(name, "ok"))
        end)

        it("use ids that cannot be foretold", function()
            local ids, name = {}, new_name()
            for _ = 1, 8 do
                math.randomseed(1)
                look_up(discover({ name }), name, 1000)
            end
            for _, question in ipairs(server.asked) do ids[question.id] = true end
            local different = 0
            for _ in pairs(ids) do different = different + 1 end
            assert.is_true(different > 12, different)
        end)

        it("follow other names, and hold as long as the least of the records", function()
            local name = new_name()
            server.answer = function(question)
                return dns.packet(question, question.type == dns.A and {
                    dns.cname(question.name, "other.test", 7),
                    dns.a("other.test", "10.0.0.9", 50),
                } or { dns.cname(question.name, "other.test", 70) })
            end
            local found = discover({ name })
            look_up(found, name, 1000)
            assert.same({ "10.0.0.9:8000 1" }, texts(found:addresses(name)))
            local wait = found.by_text[name].wait
            assert.is_true(wait >= 7 and wait <= 7 * 1.05)
        end)

        it("take each address once, and no address of the machine itself", function()
            local name = new_name()
            answer_with({ "10.0.0.1", "0.0.0.0", "10.0.0.1", "127.0.0.1" })
            local found = discover({ name })
            look_up(found, name, 1000)
            assert.same({ "10.0.0.1:8000 1", "127.0.0.1:8000 1" }, texts(found:addresses(name)))
        end)

        it("ask over TCP when an answer is cut short, and take 256 addresses", function()
            local name, records = new_name(), {}
            for index = 300, 1, -1 do
                local data = string.char(10, 0, math.floor(index / 256), index % 256)
                -- Many short records: their name is a pointer to the question's.
                records[#records + 1] = "\192\12\0\1\0\1\0\0\0\60\0\4" .. data
            end
            server.answer = function(question)
                if question.type ~= dns.A then return dns.packet(question, {}) end
                if question.over == "udp" then return dns.packet(question, {}, { flags = 0x8380 }) end
                return dns.packet(question, records)
            end
            local found, before = discover({ name }), faults()
            look_up(found, name, 1000)
            local entries = found:addresses(name)
            assert.equal(256, #entries)
            assert.equal("10.0.0.100:8000", entries[1].address)
            assert.equal(before + 1, faults())
            assert.is_true(found.by_text[name].wait >= 60)
            -- The order of the records must not matter.
            local first = texts(entries)
            for index = 1, 150 do records[index], records[301 - index] = records[301 - index], records[index] end
            look_up(found, name, 1000 + 70)
            assert.same(first, texts(found:addresses(name)))
        end)

        it("share out ten at a time, each name once at a time", function()
            local names, release = {}, false
            for index = 1, 12 do names[index] = new_name() end
            server.answer = function(question)
                while not release do ngx.sleep(0.001) end
                return dns.packet(question, { dns.a(question.name, "10.0.0.1") })
            end
            local found = discover(names, { ipv6 = false, timeout = 9 })
            for tick = 1, 20 do
                found:tick(1000 + tick)
                ngx.sleep(0.001)
            end
            eventually(function() return asked() >= 10 end, "ten questions")
            assert.equal(10, asked())
            release = true
            eventually(function()
                found:tick(1021)
                return found:addresses(names[11]) and found:addresses(names[12])
            end, "the other two")
            assert.equal(12, asked())
        end)
    end)

    it("share out fifty at a time, whatever the number of upstreams, and wait in turn", function()
        local release, names, upstreams = false, {}, {}
        server.answer = function(question)
            while not release do ngx.sleep(0.001) end
            return dns.packet(question, { dns.a(question.name, "10.0.0.1") })
        end
        for number = 1, 7 do
            names[number] = {}
            for index = 1, 10 do names[number][index] = new_name() end
            upstreams[number] = discover(names[number], { ipv6 = false, timeout = 30 })
        end
        local function tick_all(now)
            for _, found in ipairs(upstreams) do found:tick(now) end
            ngx.sleep(0.001)
        end
        eventually(function()
            tick_all(1000)
            return asked() >= 50
        end, "fifty questions")
        for _ = 1, 20 do tick_all(1000) end
        assert.equal(50, asked())
        release = true
        eventually(function()
            tick_all(1000)
            for number, found in ipairs(upstreams) do
                for _, name in ipairs(names[number]) do
                    if not found:addresses(name) then return false end
                end
            end
            return true
        end, "all names")
        assert.equal(70, asked())
    end)

    it("stops to ask when a look-up takes too long", function()
        server.answer = function() end
        local given = read_settings({ servers = { "127.0.0.1:" .. PORT } }, true)
        local list, now, seconds = {}, clock.now, 0
        for index = 1, 8 do list[index] = questions.question("silent.test", index) end
        clock.now = function()
            seconds = seconds + 8
            return seconds
        end
        questions.ask(given, list)
        clock.now = now
        assert.equal("no answer in time", list[4].err)
        assert.equal("never asked", list[5].err)
    end)

    describe("an answer that is none", function()
        --- Has an answer, then a bad one; `bad` makes it.
        local function survives(reason, bad, options)
            local name = new_name()
            options = options or {}
            options.ipv6 = false
            changes = 0
            answer_with({ "10.0.0.1" })
            local found = discover({ name }, options)
            look_up(found, name, 1000)
            server.answer = bad
            local before = faults()
            for attempt = 1, 3 do
                look_up(found, name, 1000 + attempt * 4000)
                assert.same({ "10.0.0.1:8000 1" }, texts(found:addresses(name)))
                assert.equal(attempt, count(name, "failed"))
                assert.equal(before + attempt, faults())
            end
            assert.equal(1, changes)
            answer_with({ "10.0.0.7" })
            look_up(found, name, 90000)
            assert.same({ "10.0.0.7:8000 1" }, texts(found:addresses(name)), reason)
        end

        it("keeps the one before: no such name, a server in trouble, no records", function()
            survives("NXDOMAIN", function(question) return dns.packet(question, {}, { code = NXDOMAIN }) end)
            survives("SERVFAIL", function(question) return dns.packet(question, {}, { code = SERVFAIL }) end)
            survives("REFUSED", function(question) return dns.packet(question, {}, { code = 5 }) end)
            survives("empty", function(question) return dns.packet(question, {}) end)
            survives("hidden", function(question) return dns.packet(question, { dns.a(question.name, "0.0.0.0") }) end)
        end)

        it("keeps the one before: silence", function()
            survives("silence", function() end, { timeout = 0.2 })
        end)

        it("keeps the one before: broken packets", function()
            survives("other type", function(question) return dns.packet(question, { dns.aaaa(question.name, 1) }) end)
            survives("no packet", function() return "" end, { timeout = 0.2 })
            survives("short head", function(question) return dns.packet(question, {}):sub(1, 9) end, { timeout = 0.2 })
            survives("no question", function(question) return dns.packet(question, {}):sub(1, 12) end, { timeout = 0.2 })
            survives("not an answer", function(question) return dns.packet(question, {}, { flags = 0x0100 }) end)
            survives("fewer records than told", function(question)
                return dns.packet(question, { dns.cname(question.name, ("a."):rep(40)) }, { count = 3 })
            end)
            survives("short record", function(question)
                local packet = dns.packet(question, { dns.a(question.name, "10.0.0.8") })
                return packet:sub(1, #packet - 2)
            end)
            survives("wrong length", function(question)
                return dns.packet(question, { dns.record(question.name, dns.A, 60, "\1\2\3\4\5") })
            end)
            survives("another class", function(question)
                local record = dns.a(question.name, "10.0.0.8")
                local class = #question.name + 6
                assert(record:sub(class - 3, class) == "\0\1\0\1")
                return dns.packet(question, { record:sub(1, class - 1) .. "\3" .. record:sub(class + 1) })
            end)
            survives("a record that is a name only", function(question)
                return dns.packet(question, { dns.cname(question.name, ("a."):rep(40)), "\192\12" })
            end, { timeout = 9 })
        end)

        it("does not go round in a name that points to itself", function()
            local name = new_name()
            server.answer = function(question)
                local at = string.char(12 + #question.section)
                local record = "\192" .. at .. "\0\1\0\1\0\0\0\60\0\4\10\0\0\1"
                return dns.packet(question, { record, dns.cname("x", "y"):gsub("\1y%z$", "\192" .. at), record })
            end
            look_up(discover({ name }), name, 1000)
        end)

        it("keeps the one before: cut short, and nobody there over TCP", function()
            survives("TC", function(question)
                if question.over == "udp" then return dns.packet(question, {}, { flags = 0x8380 }) end
            end, { timeout = 0.2 })
        end)

        it("keeps the one before: another question's id", function()
            survives("wrong id", function(question)
                return dns.packet(question, { dns.a(question.name, "10.6.6.6") }, { id = (question.id + 1) % 65536 })
            end, { timeout = 0.2 })
        end)

        it("does not hide the one that comes after it", function()
            local name = new_name()
            server.answer = function(question)
                local wrong = dns.packet(question, { dns.a(question.name, "10.6.6.6") }, { id = (question.id + 1) % 65536 })
                return { wrong, wrong, dns.packet(question, { dns.a(question.name, "10.0.0.1") }) }
            end
            local found = discover({ name }, { ipv6 = false })
            look_up(found, name, 1000)
            assert.same({ "10.0.0.1:8000 1" }, texts(found:addresses(name)))
        end)

        it("does not keep a look-up busy for ever", function()
            local name = new_name()
            local found = discover({ name }, { ipv6 = false, timeout = 0.2, attempts = 1 })
            look_up(found, name, 1000)
            local timers = ngx.timer.running_count()
            server.answer = function(question)
                while server.running do
                    question.send(dns.packet(question, {}, { id = (question.id + 1) % 65536 }))
                    ngx.sleep(0.15)
                end
            end
            look_up(found, name, 2000)
            assert.equal(1, count(name, "failed"))
            eventually(function() return ngx.timer.running_count() <= timers end, "the end of the timer")
        end)

        it("is not taken when it comes too late, nor for another question's", function()
            local name = new_name()
            local late = {}
            server.answer = function(question)
                late[#late + 1] = question
                if #late == 2 then
                    -- The second look-up gets what belongs to the first.
                    question.id = late[1].id
                    return dns.packet(question, { dns.a(question.name, "10.6.6.6") })
                end
            end
            local found = discover({ name }, { ipv6 = false, timeout = 0.2, attempts = 1 })
            look_up(found, name, 1000)
            look_up(found, name, 1002)
            assert.is_nil(found:addresses(name))
            assert.equal(2, count(name, "failed"))
        end)

        it("in one family leaves the other as it is told, and that one as it was", function()
            local name = new_name()
            server.answer = function(question)
                if question.type == dns.A then return dns.packet(question, { dns.a(question.name, "10.0.0.1") }) end
                return dns.packet(question, { dns.aaaa(question.name, 1) })
            end
            local found = discover({ name })
            look_up(found, name, 1000)
            server.answer = function(question)
                if question.type == dns.A then return dns.packet(question, { dns.a(question.name, "10.0.0.2") }) end
                return dns.packet(question, {}, { code = SERVFAIL })
            end
            local before = faults()
            look_up(found, name, 2000)
            assert.same({ "10.0.0.2:8000 1", "[fd00::1]:8000 1" }, texts(found:addresses(name)))
            assert.equal(2, count(name, "ok"))
            assert.equal(before + 1, faults())
            -- It is asked for again soon.
            assert.is_true(found.by_text[name].wait < 1.1)
            answer_with({ "10.0.0.2" })
            look_up(found, name, 3000)
            assert.same({ "10.0.0.2:8000 1" }, texts(found:addresses(name)))
        end)
    end)

    describe("the time of the next look-up", function()
        it("comes with the TTL, a little late", function()
            local name = new_name()
            answer_with({ "10.0.0.1" }, 20)
            local found = discover({ name }, { ipv6 = false })
            look_up(found, name, 1000)
            for second = 0, 19 do found:tick(1000 + second) end
            ngx.sleep(0.005)
            assert.equal(1, asked())
            look_up(found, name, 1021)
            assert.equal(2, asked())
        end)

        it("is not the same everywhere", function()
            local waits, different, name = {}, 0, new_name()
            answer_with({ "10.0.0.1" }, 100)
            for _ = 1, 10 do
                math.randomseed(1)
                local found = discover({ name }, { ipv6 = false })
                look_up(found, name, 1000)
                local wait = found.by_text[name].wait
                assert.is_true(wait >= 100 and wait <= 105)
                if not waits[wait] then different = different + 1 end
                waits[wait] = true
            end
            assert.is_true(different > 5)
        end)

        it("keeps within bounds", function()
            local name = new_name()
            local function waits(expected, ttl, options)
                options.ipv6 = false
                answer_with({ "10.0.0.1" }, ttl)
                local found = discover({ name }, options)
                look_up(found, name, 1000)
                local wait = found.by_text[name].wait
                assert.is_true(wait >= expected and wait <= expected * 1.05, wait)
            end
            waits(1, 0, {})
            waits(10, 9, { least_seconds = 10 })
            waits(11, 11, { least_seconds = 10 })
            waits(100, 101, { most_seconds = 100 })
            waits(3600, 0x7fffffff, {})
            -- The highest bit makes it 0.
            waits(1, 0xffffffff, {})
        end)

        it("comes after 1, 2, 4 and at most 30 seconds when look-ups fail", function()
            local name = new_name()
            server.answer = function(question) return dns.packet(question, {}, { code = SERVFAIL }) end
            local found, now = discover({ name }, { ipv6 = false }), 1000
            for _, expected in ipairs({ 1, 2, 4, 8, 16, 30, 30 }) do
                look_up(found, name, now)
                local wait = found.by_text[name].wait
                assert.is_true(wait >= expected and wait <= expected * 1.05, wait)
                now = now + wait
            end
            answer_with({ "10.0.0.1" }, 60)
            look_up(found, name, now)
            server.answer = function(question) return dns.packet(question, {}, { code = SERVFAIL }) end
            look_up(found, name, now + 100)
            assert.is_true(found.by_text[name].wait < 1.06)
        end)

        it("comes when the answer is no longer valid, and only once at a time", function()
            local name = new_name()
            answer_with({ "10.0.0.1" }, 60)
            local found = discover({ name }, { ipv6 = false })
            look_up(found, name, 1000)
            found:tick(1059)
            ngx.sleep(0.005)
            assert.equal(1, asked())
            look_up(found, name, 1064)
            assert.equal(2, asked())
            -- While a look-up is running, no other one starts, however much time passes.
            local release = false
            server.answer = function(question)
                while not release do ngx.sleep(0.001) end
                return dns.packet(question, { dns.a(question.name, "10.0.0.1") })
            end
            found:tick(1200)
            eventually(function() return asked() == 3 end, "third question")
            found:tick(1201)
            found:tick(1e9)
            release = true
            eventually(function() return count(name, "ok") == 3 end, "third answer")
            assert.equal(3, asked())
        end)

        it("does not depend on a timer that never ran", function()
            local name = new_name()
            local found = discover({ name }, { ipv6 = false })
            local timer_at, lost = ngx.timer.at, nil
            ngx.timer.at = function(_, ...) lost = { ... } return true end
            found:tick(1000)
            ngx.timer.at = timer_at
            found:tick(1004)
            ngx.sleep(0.005)
            assert.equal(0, asked())
            look_up(found, name, 1006)
            -- Late after all, it does nothing.
            lost[1](false, lost[2])
            assert.equal(1, asked())
        end)

        it("comes again when there was no timer", function()
            local name = new_name()
            local found = discover({ name }, { ipv6 = false })
            local timer_at, before = ngx.timer.at, faults()
            ngx.timer.at = function() return nil, "too many pending timers" end
            found:tick(1000)
            ngx.timer.at = timer_at
            assert.equal(before + 1, faults())
            assert.equal(1, count(name, "failed"))
            look_up(found, name, 1002)
            assert.equal(1, #found:addresses(name))
        end)

        it("never comes in a worker that exits", function()
            local name = new_name()
            local found = discover({ name })
            local exiting = ngx.worker.exiting
            ngx.worker.exiting = function() return true end
            found:tick(1000)
            eventually(function() return found.by_text[name].state == "idle" end, "the end of it")
            ngx.worker.exiting = exiting
            assert.equal(0, asked())
        end)
    end)

    describe("an answer", function()
        it("is told of once, when it is another one, and after it can be read", function()
            local name, seen = new_name(), {}
            local found
            found = discover({ name, name }, nil, function()
                seen[#seen + 1] = table.concat(texts(found:addresses(name)), ", ")
            end)
            answer_with({ "10.0.0.1", "10.0.0.2" })
            look_up(found, name, 1000)
            answer_with({ "10.0.0.2", "10.0.0.1" })
            look_up(found, name, 2000)
            answer_with({ "10.0.0.3" })
            look_up(found, name, 3000)
            assert.same({ "10.0.0.1:8000 1, 10.0.0.2:8000 1", "10.0.0.3:8000 1" }, seen)
            assert.equal(found:addresses(name), found:addresses(name))
        end)

        it("is told of to all who have the name", function()
            local name = new_name()
            local found, other = discover({ name }), discover({ name })
            look_up(found, name, 1000)
            assert.equal(1, changes)
            look_up(other, name, 1000)
            assert.equal(2, changes)
        end)

        it("is left behind for those that come after a reload", function()
            local name = new_name()
            look_up(discover({ name }), name, 1000)
            changes = 0
            local found = discover({ name })
            assert.same({ "10.0.0.1:8000 1" }, texts(found:addresses(name)))
            look_up(found, name, 1000)
            assert.equal(4, asked())
            assert.equal(0, changes)
        end)

        it("is read as far as it makes sense", function()
            local name = new_name()
            local found = discover({ name })
            registry.region.names:set("dns:" .. name,
                "10.0.0.1:8000 1 n.test\nx 1 n.test\n10.0.0.2:8000 y n.test\n10.0.0.3:0 1 n.test\n10.0.0.4:8000 2 n.test\nunix:/a 1 n\n10.0")
            assert.same({ "10.0.0.1:8000 1", "10.0.0.4:8000 2" }, texts(found:addresses(name)))
        end)

        it("that finds no room leaves the one before", function()
            local name = new_name()
            local found = discover({ name })
            look_up(found, name, 1000)
            local common = found.by_text[name].common
            local dict = common.dict
            common.dict = { get = function(_, key) return dict:get(key) end, safe_set = function() return nil, "no memory" end }
            answer_with({ "10.0.0.2" })
            look_up(found, name, 2000)
            assert.same({ "10.0.0.1:8000 1" }, texts(found:addresses(name)))
            assert.equal(1, count(name, "failed"))
        end)

        it("is counted for the metrics page, once for each name", function()
            local first, second = new_name(), new_name()
            local found, collectors = discover({ first, second }), 0
            discover({ first })
            look_up(found, first, 1000)
            for _, collector in ipairs(registry.collectors) do
                if collector.name == "openclaw_dns_addresses" then
                    collectors = collectors + 1
                    local shown = {}
                    collector.collect(function(labels, value)
                        assert.is_nil(shown[labels])
                        shown[labels] = value
                    end)
                    assert.equal(1, shown['{name="' .. first .. '"}'])
                    assert.equal(found:addresses(second) and 1 or 0, shown['{name="' .. second .. '"}'])
                end
            end
            assert.equal(1, collectors)
        end)
    end)

    describe("services", function()
        local service

        --- Answers SRV questions with these records, all others by `hosts`: addresses by host, or a code.
        local function serve(records, hosts, extra)
            server.answer = function(question)
                if question.type == dns.SRV then return dns.packet(question, records, { extra = extra }) end
                local known = hosts[question.name:lower()]
                if type(known) ~= "table" then return dns.packet(question, {}, { code = known or NXDOMAIN }) end
                local answers = {}
                for place, address in ipairs(question.type == dns.A and known or {}) do
                    answers[place] = dns.a(question.name, address)
                end
                return dns.packet(question, answers)
            end
        end

        before_each(function()
            last_name = last_name + 1
            service = "_http._tcp.s" .. last_name .. ".test"
        end)

        it("have ports and weights of their own, and the lowest priority counts", function()
            serve({
                dns.srv(service, "B.test", 8002, { weight = 0, priority = 5 }),
                dns.srv(service, "a.test", 8001, { weight = 7, priority = 5 }),
                dns.srv(service, "c.test", 8003, { weight = 7, priority = 6 }),
            }, { ["a.test"] = { "10.0.1.2", "10.0.1.1" }, ["b.test"] = { "10.0.2.1" } })
            local found = discover({ service })
            look_up(found, service, 1000)
            assert.same({ "10.0.1.1:8001 7", "10.0.1.2:8001 7", "10.0.2.1:8002 1" }, texts(found:addresses(service)))
            assert.equal(5, asked())
        end)

        it("take addresses that come along, and ask for no more than the rest", function()
            serve({ dns.srv(service, "a.test", 8001, { ttl = 90 }), dns.srv(service, "b.test", 8001, { ttl = 90 }) }, {}, {
                dns.a("A.test", "10.0.1.1", 80), dns.aaaa("a.test", 1, 9), dns.a("b.test", "10.0.2.1", 80),
                dns.a("z.test", "10.6.6.6", 80),
            })
            local found = discover({ service }, { ipv6 = true })
            look_up(found, service, 1000)
            assert.same({ "10.0.1.1:8001 1", "10.0.2.1:8001 1", "[fd00::1]:8001 1" }, texts(found:addresses(service)))
            assert.equal(2, asked())
            local wait = found.by_text[service].wait
            assert.is_true(wait >= 9 and wait <= 9.5)
            look_up(discover({ service }, { ipv6 = false }), service, 1000)
            assert.equal(3, asked())
        end)

        it("may say that there is none", function()
            serve({ dns.srv(service, "a.test", 8001) }, { ["a.test"] = { "10.0.1.1" } })
            local found = discover({ service })
            look_up(found, service, 1000)
            serve({ dns.srv(service, "", 0) }, {})
            look_up(found, service, 2000)
            assert.same({}, found:addresses(service))
            assert.equal(2, changes)
            assert.same({}, discover({ service }):addresses(service))
        end)

        it("keep what a silent host had, and lose what is gone", function()
            local records = { dns.srv(service, "a.test", 8001), dns.srv(service, "b.test", 8001) }
            serve(records, { ["a.test"] = { "10.0.1.1" }, ["b.test"] = { "10.0.2.1" } })
            local found = discover({ service })
            look_up(found, service, 1000)
            records[2] = dns.srv(service, "b.test", 8009, { weight = 4 })
            serve(records, { ["a.test"] = { "10.0.1.2" }, ["b.test"] = SERVFAIL })
            look_up(found, service, 2000)
            assert.same({ "10.0.1.2:8001 1", "10.0.2.1:8009 4" }, texts(found:addresses(service)))
            serve(records, { ["a.test"] = { "10.0.1.2" } })
            look_up(found, service, 3000)
            assert.same({ "10.0.1.2:8001 1" }, texts(found:addresses(service)))
            serve({ dns.srv(service, "b.test", 8009) }, { ["b.test"] = SERVFAIL })
            look_up(found, service, 4000)
            assert.same({ "10.0.1.2:8001 1" }, texts(found:addresses(service)))
            assert.equal(1, count(service, "failed"))
        end)

        it("do without records that make no sense", function()
            serve({
                dns.srv(service, "a b.test", 8001), dns.srv(service, "a\nb.test", 8001), dns.srv(service, "10.0.0.5", 8001),
                dns.srv(service, "c.test", 0, { priority = 0 }), dns.srv(service, "-.test", 8001),
                dns.srv(service, "", 8001), dns.srv(service, "a.test", 8001, { priority = 3 }),
                dns.srv(service, "a.test", 8001, { priority = 3, weight = 9 }),
            }, { ["a.test"] = { "10.0.1.1" } })
            local found = discover({ service })
            look_up(found, service, 1000)
            assert.same({ "10.0.1.1:8001 9" }, texts(found:addresses(service)))
        end)

        it("that are broken keep the answer before", function()
            serve({ dns.srv(service, "a.test", 8001) }, { ["a.test"] = { "10.0.1.1" } })
            local found = discover({ service }, { timeout = 0.2 })
            look_up(found, service, 1000)
            for attempt, records in ipairs({
                {}, { dns.srv(service, "a.test", 0) }, { dns.record(service, dns.SRV, 60, "\0\0\0") },
                { dns.record(service, dns.SRV, 60, "\0\0\0\1\0\9\200") }, { dns.a(service, "10.0.0.1") },
                { dns.srv(service, "none.test", 80) },
            }) do
                serve(records, {})
                look_up(found, service, 1000 + 4000 * attempt)
                assert.same({ "10.0.1.1:8001 1" }, texts(found:addresses(service)))
                assert.equal(attempt, count(service, "failed"))
            end
        end)

        it("have so many hosts at most", function()
            local records = {}
            for index = 1, 300 do
                -- A pointer to the question's name, as of a real server.
                records[index] = "\192\12" .. dns.srv(service, ("h%03d.test"):format(index), 8001):sub(#service + 3)
            end
            server.answer = function(question)
                if question.type == dns.A then
                    local index = tonumber(question.name:match("%d+"))
                    local address = "10.0." .. math.floor(index / 256) .. "." .. index % 256
                    return dns.packet(question, { dns.a(question.name, address) })
                end
                if question.over == "udp" then return dns.packet(question, {}, { flags = 0x8380 }) end
                return dns.packet(question, records)
            end
            local found = discover({ service }, { ipv6 = false })
            look_up(found, service, 1000)
            assert.equal(256, #found:addresses(service))
            assert.equal(256, asked(dns.A))
        end)
    end)

    describe("beside dnsmasq", function()
        local pid

        local function stop_dnsmasq()
            if pid then execute("kill " .. pid) end
            pid = nil
        end

        local function start_dnsmasq(options)
            stop_dnsmasq()
            local pipe = io.popen("PATH=$PATH:/usr/sbin; dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= "
                .. "--user=$(id -un) --group=$(id -gn) --log-facility=/dev/null --no-resolv --no-hosts --local=/test/ "
                .. "--listen-address=127.0.0.1 --bind-interfaces --port=" .. DNSMASQ_PORT .. " " .. options
                .. " >/dev/null 2>&1 & echo $!")
            pid = tonumber(pipe:read("*l"))
            pipe:close()
        end

        --- Looks up until the answer is this one.
        local function becomes(found, name, expected)
            local now = found.spec_now or 1000
            eventually(function()
                now = now + 4000
                look_up(found, name, now)
                return table.concat(texts(found:addresses(name) or {}), ", ") == expected
            end, expected)
            found.spec_now = now
        end

        after_each(stop_dnsmasq)

        it("finds hosts, sees them change, and outlives the server", function()
            local name = new_name()
            local host = name:match("^(.-):")
            local found = discover({ name }, { servers = { "127.0.0.1:" .. DNSMASQ_PORT }, timeout = 0.5 })
            start_dnsmasq("--local-ttl=17 --host-record=" .. host .. ",10.0.0.1,fd00::1 --cname=alias.test," .. host)
            becomes(found, name, "10.0.0.1:8000 1, [fd00::1]:8000 1")
            local wait = found.by_text[name].wait
            assert.is_true(wait >= 17 and wait <= 17.9)
            start_dnsmasq("--host-record=" .. host .. ",10.0.0.2 --local-ttl=17")
            becomes(found, name, "10.0.0.2:8000 1")
            stop_dnsmasq()
            local before = count(name, "failed")
            eventually(function()
                found.spec_now = found.spec_now + 4000
                look_up(found, name, found.spec_now)
                return count(name, "failed") > before
            end, "a failure")
            assert.same({ "10.0.0.2:8000 1" }, texts(found:addresses(name)))
        end)

        it("finds services, and names with other names", function()
            local alias, service = new_name(), "_http._tcp." .. new_name("")
            local options = { servers = { "127.0.0.1:" .. DNSMASQ_PORT }, timeout = 0.5 }
            start_dnsmasq("--srv-host=" .. service .. ",a.test,8001,1,5 --srv-host=" .. service .. ",b.test,8002,1,0 "
                .. "--srv-host=" .. service .. ",c.test,8003,2,1 --host-record=a.test,10.0.1.1 --host-record=b.test,10.0.2.1 "
                .. "--host-record=c.test,10.0.3.1 --cname=" .. alias:match("^(.-):") .. ",a.test --local-ttl=30")
            becomes(discover({ service }, options), service, "10.0.1.1:8001 5, 10.0.2.1:8002 1")
            becomes(discover({ alias }, options), alias, "10.0.1.1:8000 1")
            local unknown = new_name()
            local found = discover({ unknown }, options)
            look_up(found, unknown, 1000)
            assert.is_nil(found:addresses(unknown))
            assert.equal(1, count(unknown, "failed"))
        end)
    end)
end)
