local cjson = require("cjson")
local errors = require("resty.openclaw.cache.error_in_answer")

local function is_error(paths, body)
    local problems = {}
    local read = errors.PATHS.read(type(paths) == "table" and paths or { paths }, "x", problems)
    assert.same({}, problems)
    return errors.is_error(read, body)
end

local function finds(path, ...)
    for index = 1, select("#", ...) do assert.is_true(is_error(path, (select(index, ...))), path .. " in " .. select(index, ...)) end
end

local function misses(path, ...)
    for index = 1, select("#", ...) do assert.is_false(is_error(path, (select(index, ...))), path .. " in " .. select(index, ...)) end
end

describe("cache.error_in_answer", function()
    it("takes what says something for an error", function()
        finds("error", '{"error":{"code":1}}', '{"error":"x"}', '{"error":true}', '{"error":0}', '{"error":[null]}', '{"a":1,"\\u0065rror":"x"}')
        misses("error", "{}", '{"error":null}', '{"error":false}', '{"error":""}', '{"error":{}}', '{"error":[]}', '{"Error":1}', '{"result":{"error":1}}', "[]", "null", '"error"', "1", "true")
    end)

    it("goes by names and by places in lists", function()
        finds("result.error", '{"result":{"error":1}}')
        misses("result.error", '{"error":1}', '{"result":"error"}', '{"result":[{"error":1}]}', '{"result":null}', '{"result":{"error":null}}', '{"result.error":1}')
        finds("choices.0.error", '{"choices":[{"error":1}]}', '{"choices":{"0":{"error":1}}}')
        misses("choices.0.error", '{"choices":[]}', '{"choices":[{},{"error":1}]}', '{"choices":[null,{"error":1}]}', '{"choices":"x"}')
        finds("choices.1.error", '{"choices":[{},{"error":1}]}')
        finds("0", '["x"]', '{"0":"x"}')
        misses("0", '[null,"x"]', '{"1":"x"}', '"x"')
        misses("99999999999999999999", '["x"]')
        finds("a-b.@c", '{"a-b":{"@c":1}}')
    end)

    it("compares with a value", function()
        finds("status=failed", '{"status":"failed"}')
        misses("status=failed", '{"status":"Failed"}', '{"status":"failed "}', '{"status":null}', "{}", '{"status":{"failed":1}}', '{"status":["failed"]}')
        finds("choices.0.finish_reason=error", '{"choices":[{"finish_reason":"error"}]}')
        misses("choices.0.finish_reason=error", '{"choices":[{"finish_reason":"stop"}]}')
        finds("code=500", '{"code":500}', '{"code":"500"}', '{"code":5e2}')
        misses("code=500", '{"code":501}', '{"code":"5e2"}', '{"code":true}')
        finds("ok=false", '{"ok":false}', '{"ok":"false"}')
        misses("ok=false", '{"ok":true}', '{"ok":null}', "{}", '{"ok":""}')
        finds("result=null", '{"result":null}')
        misses("result=null", "{}", '{"result":false}')
        finds("a=b=c", '{"a":"b=c"}')
        finds("a=in error.", '{"a":"in error."}')
    end)

    it("takes what it cannot read for an error", function()
        for _, body in ipairs({ "", " ", "{", "error", '{"a":1}}', '{"a":1}\0', "\0", '{"a":nan}', '{"a":0x10}', '{"a":1,}', "<html>", '{"a":1} {"b":1}', "\239\187\191{}" }) do
            assert.is_true(is_error("error", body), body)
        end
        misses("error", (" "):rep(10) .. "{}\n")
        finds("error", ("["):rep(65) .. ("]"):rep(65), ("["):rep(100000))
        misses("error", ("["):rep(64) .. ("]"):rep(64))
        local longest = '"' .. ("x"):rep(1024 * 1024 - 2) .. '"'
        misses("error", longest)
        finds("error", longest .. " ")
    end)

    it("looks at each of several paths", function()
        local paths = { "error", "result.error", "choices.0.finish_reason=error" }
        assert.is_true(is_error(paths, '{"result":{"error":"x"}}'))
        assert.is_true(is_error(paths, '{"error":null,"choices":[{"finish_reason":"error"}]}'))
        assert.is_false(is_error(paths, '{"error":null,"result":{},"choices":[{"finish_reason":"stop"}]}'))
    end)

    it("refuses what is no path, with a sentence", function()
        local expected = 'x must be a path such as "error", "choices.0.error" or "status=failed", got '
        for shown, given in pairs({
            ['""'] = "", ['"a..b"'] = "a..b", ['".a"'] = ".a", ['"a."'] = "a.", ['"=a"'] = "=a", ['"a="'] = "a=", ['"a.=b"'] = "a.=b", ['"$.error"'] = "$.error",
            ['"a[0]"'] = "a[0]", ['"a.*.b"'] = "a.*.b", ['"a b"'] = "a b", ['"a =b"'] = "a =b", ['"\'a\'"'] = "'a'", ["5"] = 5, ["true"] = true, ["a table"] = { "a" },
        }) do
            local problems = {}
            errors.PATHS.read({ given }, "x", problems)
            assert.same({ (expected:gsub("^x", "x[1]")) .. shown }, problems)
        end
        local problems = {}
        errors.PATHS.read({ ("a"):rep(257) }, "x", problems)
        assert.equal(1, #problems)
        problems = {}
        errors.PATHS.read("error", "x", problems)
        errors.PATHS.read({}, "y", problems)
        assert.same({ 'x must be a list of paths such as { "error" }, got "error"', "y must be a list with at least one entry, got an empty table" }, problems)
    end)

    it("leaves cjson as it was", function()
        assert.is_true(is_error("error", ("["):rep(70) .. ("]"):rep(70)))
        assert.is_table(cjson.decode(("["):rep(70) .. ("]"):rep(70)))
        assert.is_true(cjson.decode("[nan]")[1] ~= cjson.decode("[nan]")[1])
    end)
end)
