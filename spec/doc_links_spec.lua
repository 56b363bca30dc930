--- Every relative link of a page leads to a file, and every #anchor to a heading.
local ROOT = ngx.config.prefix()
local PAGES = { "README.md", "CONTRIBUTING.md", "Changes.md", "bench/README.md" }

local tables = require("tools.option_tables")

for _, path in ipairs(tables.pages(ROOT .. "docs")) do PAGES[#PAGES + 1] = "docs/" .. path:match("[^/]+$") end

--- Whether there is a file or a folder.
local function exists(path)
    local file = io.open(path)
    if file then file:close() end
    return file ~= nil
end

--- The lines of a page that are not code.
local function prose(text)
    local lines = {}
    local is_code = false
    for line in text:gmatch("[^\n]*") do
        if line:match("^%s*```") then
            is_code = not is_code
        elseif not is_code then
            lines[#lines + 1] = line
        end
    end
    return lines
end

--- The anchors that GitHub makes of the headings of a page.
local function anchors_of(text)
    local found = {}
    for _, line in ipairs(prose(text)) do
        local heading = line:match("^#+ +(.-) *$")
        if heading then
            local anchor = heading:gsub("%[([^%]]*)%]%b()", "%1"):lower():gsub("[^%w_%- ]", ""):gsub(" ", "-")
            local first, count = anchor, 0
            while found[anchor] do
                count = count + 1
                anchor = first .. "-" .. count
            end
            found[anchor] = true
        end
    end
    return found
end

--- A path without "." and "..".
local function plain(path)
    local parts = {}
    for part in path:gmatch("[^/]+") do
        if part == ".." then
            parts[#parts] = nil
        elseif part ~= "." then
            parts[#parts + 1] = part
        end
    end
    return table.concat(parts, "/")
end

--- What is wrong with the links of a page, by its path and text; and how many links it has.
local function problems_of(page, text)
    local problems, count = {}, 0
    local without_code = table.concat(prose(text), "\n"):gsub("`[^`]*`", "")
    for link in without_code:gmatch("%]%(([^)%s]+)%)") do
        if not link:match("^%a+:") then
            count = count + 1
            local path, anchor = link:match("^([^#]*)#?(.*)$")
            local target = path == "" and page or plain((page:match("^(.*/)") or "") .. path)
            if target ~= page and not exists(ROOT .. target) then
                problems[#problems + 1] = link .. ": there is no file " .. target
            elseif anchor ~= "" and not anchors_of(target == page and text or tables.read(ROOT .. target))[anchor] then
                problems[#problems + 1] = link .. ": " .. target .. " has no such heading"
            end
        end
    end
    return problems, count
end

describe("the links of", function()
    local total = 0

    for _, page in ipairs(PAGES) do
        local problems, count = problems_of(page, tables.read(ROOT .. page))
        total = total + count
        it(page .. " lead somewhere", function() assert.same({}, problems) end)
    end

    it("all pages are found", function() assert.is_true(total > 200) end)

    it("a page that has wrong ones are reported", function()
        local page = table.concat({
            "# One `two` three?", "[a](#one-two-three) [b](#one) [c](../docs/edge.md) [d](none.md)",
            "# Again", "# Again", "[e](#again-1) [f](#again-2) [g](edge.md#options) [h](edge.md#none)",
            "```", "# Code", "[i](none.md)", "```", "[j](#code) `[k](none.md)` [l](https://example.org/none.md)",
        }, "\n")
        local problems, count = problems_of("docs/page.md", page)
        assert.equal(9, count)
        assert.same({
            "#one: docs/page.md has no such heading",
            "none.md: there is no file docs/none.md",
            "#again-2: docs/page.md has no such heading",
            "edge.md#none: docs/edge.md has no such heading",
            "#code: docs/page.md has no such heading",
        }, problems)
    end)
end)
