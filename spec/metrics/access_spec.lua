local cjson = require("cjson")
local fault = require("resty.openclaw.core.metrics.fault")
local http = require("spec.support.http")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local operator_access = require("resty.openclaw.core.request.operator_access")
local request = require("resty.openclaw.core.request.request")

local TOKEN = "0123456789abcdef"
local GATEWAY = 18182

local function get(path, headers, port)
    local lines = { "GET " .. path .. " HTTP/1.1", "Connection: close" }
    for _, line in ipairs(headers) do lines[#lines + 1] = line end
    return http.raw(table.concat(lines, "\r\n") .. "\r\n\r\n", port)
end

local function assert_refused(answer, status, code)
    assert.equal(status, answer.status)
    assert.equal(code, cjson.decode(answer.body).error.code)
    assert.is_nil(answer.body:find("openclaw_build_info", 1, true))
end

for name, page in pairs({ ["metrics.conf"] = { "/metrics/openclaw", GATEWAY }, ["metrics:access()"] = { "/metrics/checked", 18080 } }) do
    describe("the metrics page behind " .. name, function()
        it("is for programs on this machine", function()
            for _, host in ipairs({ "localhost", "127.0.0.1:8080", "[::1]:8080" }) do
                local answer = get(page[1], { "Host: " .. host }, page[2])
                assert.equal(200, answer.status)
                assert.truthy(answer.body:find("openclaw_build_info", 1, true))
            end
        end)

        it("is not for web pages, nor for those whom a proxy passes on", function()
            local strangers = {
                { "Host: rebound.example" }, { "Host: 127.0.0.1.example:8080" }, {},
                { "Host: localhost", "Origin: http://localhost" },
                { "Host: localhost", "X-Forwarded-For: 127.0.0.1" },
                { "Host: localhost", "X-Real-IP: 127.0.0.1" },
                { "Host: localhost", "Forwarded: for=127.0.0.1" },
                { "Host: localhost", "Via: 1.1 proxy" },
            }
            for _, headers in ipairs(strangers) do
                local answer = get(page[1], headers, page[2])
                -- Without a Host header nginx itself refuses a request of HTTP/1.1.
                if #headers == 0 then assert.equal(400, answer.status)
                else assert_refused(answer, 403, "forbidden") end
            end
        end)
    end)
end

describe("the metrics page with a token", function()
    it("is for whoever shows it, proxies included", function()
        local bearer, basic = "Authorization: Bearer " .. TOKEN, "Authorization: Basic " .. ngx.encode_base64("any:" .. TOKEN)
        for _, header in ipairs({ bearer, basic }) do
            assert.equal(200, get("/metrics/guarded", { "Host: gateway", "Via: 1.1 proxy", header }).status)
        end
        for _, header in ipairs({ "Authorization: Bearer x" .. TOKEN, "Authorization: Bearer", "X: y" }) do
            local answer = get("/metrics/guarded", { "Host: localhost", header })
            assert_refused(answer, 401, "unauthorized")
            assert.equal('Basic realm="openclaw", charset="UTF-8"', answer.header("WWW-Authenticate"))
        end
    end)
end)

describe("operator_access.refusal_on_this_machine", function()
    it("leaves other machines to allow and deny", function()
        local variables = { remote_addr = "10.0.0.9", http_host = "gateway:8080", host = "gateway", http_via = "1.1 proxy" }
        local variable = stub(request, "variable").invokes(function(name) return variables[name] end)
        finally(function() variable:revert() end)
        local faults = fault.new("operator_access_spec", metric_registry.open("openclaw"))
        assert.is_nil(operator_access.refusal_on_this_machine(nil, faults))
        assert.equal(403, operator_access.refusal(nil, faults).status)
        variables.realip_remote_addr = "127.0.0.1"
        assert.equal(403, operator_access.refusal_on_this_machine(nil, faults).status)
    end)
end)
