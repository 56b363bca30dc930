---@meta resty.openclaw.http_client

---@class openclaw.HttpRequest
---@field url? string
---@field scheme? "http"|"https"
---@field host? string a name, an IPv4 address, an IPv6 address in brackets, or `unix:/path`
---@field port? integer
---@field path? string with the query, if any
---@field method? string
---@field headers? table<string, string>
---@field body? string|{ bytes: integer, piece: (fun(self: table, from: integer, most: integer): string?, string?) }
---@field connect_seconds? number
---@field send_seconds? number
---@field read_seconds? number
---@field total_seconds? number
---@field keepalive_seconds? number
---@field keepalive_connections? integer
---@field max_bytes? integer
---@field truncate? boolean
---@field ssl_verify? boolean
---@field ssl_server_name? string
---@field repeatable? boolean

---@class openclaw.HttpResponse
---@field status integer
---@field headers table<string, string> names in lower case
---@field body string

---An HTTP client: see docs/http_client.md.
---@class openclaw.http_client
local http_client = {}

---Sends a request. Returns the response, or nil and the error. Phases: those that may yield.
---@param request openclaw.HttpRequest
---@return openclaw.HttpResponse? response
---@return string? err
function http_client.request(request) end

---Returns the parts of a URL, or nil and the error. Phases: any.
---@param url string
---@return table? parts scheme, host, port and path
---@return string? err
function http_client.parse_url(url) end

---Returns why `request` would reject a header; nil if it would not. Phases: any.
---@param name string
---@param value string
---@return string? fault
function http_client.header_fault(name, value) end

return http_client
