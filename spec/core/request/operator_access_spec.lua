local fault = require("resty.openclaw.core.metrics.fault")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local operator_access = require("resty.openclaw.core.request.operator_access")
local request = require("resty.openclaw.core.request.request")
local tokens = require("resty.openclaw.core.request.operator_access.token")

-- What clients see of it, and what the options refuse: admin_spec and status_spec.
local TOKEN = "0123456789abcdef:/+=-_~."

--- Runs `work` with these variables for those of a request.
local function with_variables(variables, work)
    local variable = stub(request, "variable").invokes(function(name) return variables[name] end)
    local ok, result = pcall(work)
    variable:revert()
    assert(ok, result)
    return result
end

describe("operator_access", function()
    local faults = fault.new("operator_access_spec", metric_registry.open("openclaw"))

    it("tells this machine's addresses from others", function()
        local function is_let_in(connection, client)
            local variables = { realip_remote_addr = connection, remote_addr = client, http_host = "localhost", host = "localhost" }
            return with_variables(variables, function() return operator_access.refusal(nil, faults) == nil end)
        end
        for _, address in ipairs({ "127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "unix:" }) do
            assert.is_true(is_let_in(address, "192.0.2.1"), address)
            assert.is_true(is_let_in(nil, address), address)
        end
        for _, address in ipairs({ "10.0.0.1", "128.0.0.1", "12.7.0.1", "1.127.0.1", "::2", "fe80::1", "::ffff:10.127.0.1", "2001:db8::127.0.0.1", "::127.0.0.1", "", "unix", "127.0.0.1.example" }) do
            assert.is_false(is_let_in(address, "127.0.0.1"), address)
            assert.is_false(is_let_in(nil, address), address)
        end
        assert.is_false(is_let_in(nil, nil))
    end)

    it("refuses what was kept and is delivered later, whoever it came from and whatever it shows", function()
        local variables = {
            remote_addr = "127.0.0.1", http_host = "localhost", host = "localhost",
            http_x_openclaw_delivery = "any", http_authorization = "Bearer " .. TOKEN,
        }
        for _, token in ipairs({ false, tokens.new("spec", { token = TOKEN }) }) do
            for _, page in ipairs({ "refusal", "refusal_on_this_machine" }) do
                local refused = with_variables(variables, function()
                    return operator_access[page](token or nil, faults)
                end)
                assert.same({ 403, "forbidden" }, { refused.status, refused.code })
            end
        end
    end)

    describe("with a token", function()
        local token = tokens.new("spec", { token = TOKEN })

        local function refusal(authorization, takes_basic)
            return with_variables({ http_authorization = authorization }, function()
                return operator_access.refusal(token, faults, takes_basic)
            end)
        end

        local function basic(text) return "Basic " .. ngx.encode_base64(text) end

        it("takes a password for it only where that is said", function()
            assert.is_nil(refusal("Bearer " .. TOKEN))
            assert.is_nil(refusal("Bearer " .. TOKEN, true))
            assert.is_nil(refusal(basic("me:" .. TOKEN), true))
            local refused = refusal(basic("me:" .. TOKEN))
            assert.equal(401, refused.status)
            assert.is_nil(refused.message:find("Basic"))
            assert.truthy(refusal(basic("me:x"), true).message:find("Basic"))
        end)

        it("takes any name with the password, and a password with colons", function()
            for _, name in ipairs({ "", "admin", "\195\164", "a b", "\0" }) do
                assert.is_nil(refusal(basic(name .. ":" .. TOKEN), true))
                assert.is_nil(refusal("bASIC   " .. ngx.encode_base64(name .. ":" .. TOKEN), true))
            end
        end)

        it("takes no other password", function()
            for _, authorization in ipairs({
                basic(TOKEN), basic(":" .. TOKEN .. " "), basic(":" .. TOKEN .. "\n"), basic("me::" .. TOKEN), basic(":"), basic(""), basic(TOKEN .. ":"), basic(":" .. TOKEN:sub(1, -2)),
                "Basic", "Basic ", "Basic " .. TOKEN, "Basic =", "Basic ====", "Basic !!!!", "Basic " .. ("A"):rep(6000), basic("me:" .. TOKEN) .. " x",
                "Digest " .. ngx.encode_base64(":" .. TOKEN), "Basic\t" .. ngx.encode_base64(":" .. TOKEN),
            }) do
                assert.equal(401, refusal(authorization, true).status, authorization)
            end
            assert.equal(401, refusal(nil, true).status)
        end)
    end)
end)
