local ____exports = {}
local tonumber = tonumber
local math_max = math.max
local math_min = math.min
local string_byte = string.byte
local string_find = string.find
local string_lower = string.lower
local string_match = string.match
local string_sub = string.sub
local table_concat = table.concat
local texts = require("resty.openclaw.core.text.text")
local texts_item = texts.item
local texts_trim = texts.trim
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local http_reader = require("resty.openclaw.http_client.reader")
local http_reader_add = http_reader.add
local http_reader_bytes = http_reader.bytes
local http_reader_line = http_reader.line
local http_reader_receive = http_reader.receive
local http_reader_unread = http_reader.unread
--- The end of the error where a body is longer than it may be.
local TOO_LARGE = "the response is too large"
____exports.TOO_LARGE = TOO_LARGE
--- Limits of one header section, including the status line; also those of the trailers.
local HEADER_BYTES = 32768
local HEADER_COUNT = 100
--- Maximum length of the line with a chunk's size and extensions.
local CHUNK_LINE_BYTES = 1024
--- After so many chunks the reader lets other requests run.
local CHUNKS_AT_A_STRETCH = 500
--- A double holds whole numbers of so many digits exactly.
local MOST_LENGTH_DIGITS = 15
--- Maximum number of interim responses (status 1xx) before the final one.
local MOST_INTERIM_RESPONSES = 8
--- A name of token characters, without a blank before the colon.
local HEADER = "^([%w!#$%%&'*+.^_`|~-]+):(.*)$"
--- Reads header lines up to the empty line, into `headers` if given.
local function read_headers(reader, budget, headers)
    local left = budget
    local lines = 0
    while lines <= HEADER_COUNT do
        lines = lines + 1
        local line, err = http_reader_line(reader, left)
        if line == nil then
            return nil, err
        end
        if line == "" then
            return true
        end
        left = left - (#line + 2)
        local name, value = string_match(line, HEADER)
        if name == nil then
            return nil, "a malformed header line"
        end
        local odd = string_find(value, "[^%C\t]")
        if odd ~= nil then
            return nil, "a control character in a header"
        end
        if headers ~= nil then
            local key = string_lower(name)
            local known = headers[key]
            local trimmed = texts_trim(value)
            headers[key] = known == nil and trimmed or (known .. ", ") .. trimmed
        end
    end
    return nil, "too many header lines"
end
--- The value of Content-Length. Several equal values count as one (RFC 9110, section 8.6).
local function content_length(value)
    local first = string_match(value, "^%d+")
    if first == nil or #first > MOST_LENGTH_DIGITS then
        return nil
    end
    local next = 1
    while next ~= nil do
        local each
        each, next = texts_item(value, ",", next)
        if texts_trim(each) ~= first then
            return nil
        end
    end
    return (tonumber(first))
end
--- Reads chunks up to the last one. False if the body was truncated.
local function read_chunks(reader, most_bytes, truncate, pieces)
    local total = 0
    local stretch = 0
    while true do
        local line, err = http_reader_line(reader, CHUNK_LINE_BYTES)
        if line == nil then
            return nil, err
        end
        local digits, rest = string_match(line, "^(%x+)[ \t]*(.*)$")
        local extended = rest ~= "" and string_byte(rest or "") ~= string_byte(";")
        if digits == nil or #digits > 12 or extended then
            return nil, "a malformed chunk"
        end
        local size = tonumber(digits, 16)
        if size == 0 then
            return read_headers(reader, HEADER_BYTES, nil)
        end
        total = total + size
        local excess = math_max(0, total - most_bytes)
        if excess > 0 and not truncate then
            return nil, TOO_LARGE
        end
        local ok, read_err = http_reader_bytes(reader, size - excess, pieces)
        if ok == nil then
            return nil, read_err
        end
        if excess > 0 then
            return false
        end
        local ____end, end_err = http_reader_line(reader, CHUNK_LINE_BYTES)
        if ____end == nil then
            return nil, end_err
        end
        if ____end ~= "" then
            return nil, "a malformed chunk"
        end
        stretch = stretch + 1
        if stretch % CHUNKS_AT_A_STRETCH == 0 then
            time_slice_yield_now()
        end
    end
end
--- Reads until the connection is closed, or until there is one byte more than allowed.
local function read_to_close(reader, most_bytes, truncate, pieces)
    local total = math_min(
        http_reader_unread(reader),
        most_bytes + 1
    )
    local begun, reason = http_reader_bytes(reader, total, pieces)
    if begun == nil then
        return nil, reason
    end
    while total <= most_bytes do
        local piece, err = http_reader_receive(reader, most_bytes - total + 1)
        if piece == nil then
            if err == "closed" then
                return true
            end
            return nil, err
        end
        local fault = http_reader_add(pieces, piece)
        if fault ~= nil then
            return nil, fault
        end
        total = total + #piece
    end
    if truncate then
        return true
    end
    return nil, TOO_LARGE
end
--- Whether a header with a list has this word in it.
local function has_word(value, word)
    local ____temp_0
    if value == nil then
        ____temp_0 = nil
    else
        ____temp_0 = 1
    end
    local next = ____temp_0
    while next ~= nil do
        local each
        each, next = texts_item(value, ",", next)
        if string_lower(texts_trim(each)) == word then
            return true
        end
    end
    return false
end
--- Reads a status line and its headers.
local function read_head(reader)
    local line, err = http_reader_line(reader, HEADER_BYTES)
    if line == nil then
        return nil, err
    end
    local minor, digits, rest = string_match(line, "^HTTP/1%.([01]) ([1-9]%d%d)(.*)$")
    if digits == nil or rest ~= "" and string_byte(rest) ~= 32 then
        return nil, "a malformed status line"
    end
    local headers = {}
    local ok, header_err = read_headers(reader, HEADER_BYTES - #line, headers)
    if ok == nil then
        return nil, header_err
    end
    return {
        status = tonumber(digits),
        minor = tonumber(minor),
        headers = headers
    }
end
--- Reads the head of the final response, and skips interim responses before it.
local function read_final_head(reader)
    local interim = 0
    while interim <= MOST_INTERIM_RESPONSES do
        interim = interim + 1
        local head, err = read_head(reader)
        if head == nil then
            return nil, err
        end
        if head.status >= 200 then
            return head
        end
        if head.status == 101 then
            return nil, "an upgrade nobody asked for"
        end
    end
    return nil, "too many interim responses"
end
--- Appends the body to the parts. True if its end was marked and reached; false if it was truncated, or if it ended with the connection.
local function read_body(reader, method, head, most_bytes, truncate, pieces)
    local coding = head.headers["transfer-encoding"]
    local length = head.headers["content-length"]
    if coding ~= nil and (length ~= nil or head.minor == 0) then
        return nil, "a transfer coding where none may be"
    end
    if method == "HEAD" or head.status == 204 or head.status == 304 then
        return true
    end
    if coding ~= nil then
        if string_lower(coding) ~= "chunked" then
            return nil, "an unknown transfer coding"
        end
        return read_chunks(reader, most_bytes, truncate, pieces)
    end
    if length ~= nil then
        local count = content_length(length)
        if count == nil then
            return nil, "a malformed Content-Length"
        end
        if count > most_bytes and not truncate then
            return nil, TOO_LARGE
        end
        local whole, bytes_err = http_reader_bytes(
            reader,
            math_min(count, most_bytes),
            pieces
        )
        if whole == nil then
            return nil, bytes_err
        end
        return count <= most_bytes
    end
    local ok, err = read_to_close(reader, most_bytes, truncate, pieces)
    if ok == nil then
        return nil, err
    end
    return false
end
--- Reads the response to a request of this method. Second result: whether the connection may carry another request. Phases: those that
-- may yield. On failure nil and why; the connection must then be closed.
-- 
-- @param most_bytes maximum length of the body
-- @param truncate whether a longer body is truncated there, or else an error
-- @param receiver gets the body; then that of the response is empty
local function read(reader, method, most_bytes, truncate, receiver)
    local head, err = read_final_head(reader)
    if head == nil then
        return nil, err
    end
    local unwanted = receiver and receiver.head(head.status, head.headers)
    if unwanted ~= nil then
        return nil, unwanted
    end
    local pieces = {list = {}, take = receiver and receiver.piece}
    local marked, body_err = read_body(
        reader,
        method,
        head,
        most_bytes,
        truncate,
        pieces
    )
    if marked == nil then
        return nil, body_err
    end
    local drained = http_reader_unread(reader) == 0
    local reusable = marked and drained and head.minor == 1 and not has_word(head.headers.connection, "close")
    local body = string_sub(
        table_concat(pieces.list),
        1,
        most_bytes
    )
    return {status = head.status, headers = head.headers, body = body}, reusable
end
____exports.read = read
return ____exports
