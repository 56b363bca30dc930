local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local setmetatable = setmetatable
local tonumber = tonumber
local type = type
local math_max = math.max
local string_byte = string.byte
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local table_concat = table.concat
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_string = ffi.string
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local request = require("resty.openclaw.core.request.request")
local request_bytes_of = request.bytes_of
local request_forget = request.forget
local request_variable = request.variable
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
local texts_trim = texts.trim
local header_names = require("resty.openclaw.auth.header_names")
local header_names_of = header_names.of
local header_names_remove = header_names.remove
local header_names_variable_of = header_names.variable_of
ffi_cdef("intptr_t ngx_strncasecmp(const char *one, const char *other, size_t count);")
ffi_cdef("int memcmp(const void *one, const void *other, size_t bytes);")
local SCHEME = "Bearer "
--- Without the blank.
local SCHEME_WORD_BYTES = #SCHEME - 1
local FIRST_AFTER_WORDS = string_byte("-")
--- Since this version of nginx, a header's variable contains all headers of that name; before, only the first.
local JOINS_HEADERS_FROM = 1023000
local MOST_HEADERS = 100
--- Whether a text has exactly two dots, as tokens have and API keys of ours have not.
local function has_two_dots(text)
    local first = string_find(text, ".", 1, true)
    if first == nil then
        return false
    end
    local second = string_find(text, ".", first + 1, true)
    if second == nil then
        return false
    end
    local third = string_find(text, ".", second + 1, true)
    return third == nil
end
--- Whether the scheme stands there, mostly in its usual spelling. What is behind it may be missing or wrong.
local function is_scheme(memory, count)
    if count < SCHEME_WORD_BYTES then
        return false
    end
    if count > SCHEME_WORD_BYTES then
        if ffi.C.memcmp(memory, SCHEME, #SCHEME) == 0 then
            return true
        end
        if memory[SCHEME_WORD_BYTES] >= FIRST_AFTER_WORDS then
            return false
        end
    end
    return tonumber(ffi.C.ngx_strncasecmp(memory, SCHEME, SCHEME_WORD_BYTES)) == 0
end
local function find_bearer(self)
    local memory, count = request_bytes_of("http_authorization")
    if memory == nil or not is_scheme(memory, count) then
        return nil
    end
    local bytes = math_max(0, count - #SCHEME)
    local text = ffi_string(memory + (count - bytes), bytes)
    if self.has_dots ~= nil and has_two_dots(text) ~= self.has_dots then
        return nil
    end
    return text
end
local function take_bearer(self)
    local found = self:find()
    if found ~= nil then
        ngx.req.clear_header("Authorization")
        request_forget("http_authorization")
    end
    return found
end
--- Whether the request has several headers of a name, in any spelling, of which nginx shows one.
local function is_ambiguous(variable)
    if ngx.config.nginx_version >= JOINS_HEADERS_FROM then
        return false
    end
    local headers, err = ngx.req.get_headers(MOST_HEADERS)
    if err ~= nil then
        return true
    end
    local found = 0
    for name, value in pairs(headers) do
        if header_names_variable_of(name) == variable then
            found = found + (type(value) == "table" and 2 or 1)
        end
    end
    return found > 1
end
local function find_header(self)
    local text = request_variable(self.header.variable)
    if text == nil then
        return nil
    end
    return text, is_ambiguous(self.header.variable)
end
local function take_header(self)
    local text = request_variable(self.header.variable)
    if text == nil then
        return nil
    end
    return text, header_names_remove(self.header) > 1
end
--- What is behind the "=" of an item of a list, if it has this name in any spelling that nginx or nodes take for it.
local function value_of(item, pair)
    local at = string_find(item, "=", 1, true)
    if at == nil then
        return nil
    end
    local written = texts_trim(string_sub(item, 1, at - 1))
    local name = pair.is_escaped and ngx.unescape_uri(written) or written
    if string_lower(name) ~= string_lower(pair.name) then
        return nil
    end
    return texts_trim(string_sub(item, at + 1))
end
local function find_pair(pair, separator)
    local list = request_variable(pair.list) or ""
    if list == "" then
        return nil
    end
    local found
    local differ = false
    for ____, item in ipairs(texts_split(list, separator)) do
        local value = value_of(item, pair)
        if value ~= nil and found ~= nil and value ~= found then
            differ = true
        end
        found = value or found
    end
    return found, differ
end
--- The items of a list that have another name.
local function others(pair, separator)
    local left = {}
    for ____, item in ipairs(texts_split(
        request_variable(pair.list) or "",
        separator
    )) do
        if value_of(item, pair) == nil then
            left[#left + 1] = item
        end
    end
    return (table_concat(left, separator))
end
local function find_cookie(self)
    local found, differ = find_pair(self, ";")
    return found, differ
end
local function take_cookie(self)
    local found, differ = self:find()
    if found == nil then
        return nil
    end
    local left = texts_trim(others(self, ";"))
    if left == "" then
        ngx.req.clear_header("Cookie")
    else
        ngx.req.set_header("Cookie", left)
    end
    request_forget("http_cookie")
    request_forget("cookie_" .. self.name)
    return found, differ
end
local function find_argument(self)
    local found, differ = find_pair(self, "&")
    if found == nil then
        return nil
    end
    return ngx.unescape_uri(found), differ
end
local function take_argument(self)
    local found, differ = self:find()
    if found ~= nil then
        ngx.req.set_uri_args(others(self, "&"))
    end
    return found, differ
end
--- What was found in two places.
local function either_of(one, one_differs, other, other_differs)
    if other == nil then
        return one, one_differs
    end
    if one == nil then
        return other, other_differs
    end
    return one, one ~= other or one_differs == true or other_differs == true
end
local function find_either(self)
    local one, one_differs = self.first:find()
    local other, other_differs = self.second:find()
    local found, differ = either_of(one, one_differs, other, other_differs)
    return found, differ
end
local function take_either(self)
    local one, one_differs = self.first:take()
    local other, other_differs = self.second:take()
    local found, differ = either_of(one, one_differs, other, other_differs)
    return found, differ
end
local bearer_metatable = {__index = {find = find_bearer, take = take_bearer}}
local header_metatable = {__index = {find = find_header, take = take_header}}
local cookie_metatable = {__index = {find = find_cookie, take = take_cookie}}
local argument_metatable = {__index = {find = find_argument, take = take_argument}}
local either_metatable = {__index = {find = find_either, take = take_either}}
--- The Authorization header. `has_dots`: whether only credentials with two dots count, or only others; any unless given. Phases: init.
local function bearer(has_dots)
    return setmetatable({has_dots = has_dots}, bearer_metatable)
end
____exports.bearer = bearer
--- A header of that name. Phases: init.
local function header(name)
    return setmetatable(
        {header = header_names_of(name)},
        header_metatable
    )
end
____exports.header = header
--- An entry of the option `from`.
local KIND = kinds_of(
    "string",
    "\"header\", \"cookie:NAME\" or \"query:NAME\"",
    function(given)
        if type(given) ~= "string" then
            return false
        end
        if given == "header" then
            return true
        end
        local name = string_match(given, "^cookie:([%w_]+)$")
        local argument = string_match(given, "^query:([%w_]+)$")
        return name ~= nil or argument ~= nil
    end
)
____exports.KIND = KIND
--- The place of an entry other than "header". Phases: init.
local function of(entry)
    local kind, name = string_match(entry, "^(%l+):(.+)$")
    if kind == "cookie" then
        return setmetatable({name = name, list = "http_cookie", is_escaped = false}, cookie_metatable)
    end
    return setmetatable({name = name, list = "args", is_escaped = true}, argument_metatable)
end
____exports.of = of
--- All of these places, of which there is at least one. Without a loop at each request, as LuaJIT does not compile short ones well. Phases: init.
local function all_of(places)
    local all = places[1]
    for place = 1, #places - 1 do
        all = setmetatable({first = all, second = places[place + 1]}, either_metatable)
    end
    return all
end
____exports.all_of = all_of
return ____exports
