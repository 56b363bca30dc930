local ____exports = {}
local error = error
local pcall = pcall
local setmetatable = setmetatable
local bit_bor = bit.bor
local bit_bxor = bit.bxor
local string_byte = string.byte
local table_remove = table.remove
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_gc = ffi.gc
local ffi_new = ffi.new
local ffi_string = ffi.string
ffi_cdef("const struct evp_md_st *EVP_get_digestbyname(const char *name);")
ffi_cdef("struct evp_md_st *EVP_MD_fetch(struct ossl_lib_ctx_st *library, const char *name, const char *properties);")
ffi_cdef("struct evp_md_ctx_st *EVP_MD_CTX_new(void);")
ffi_cdef("void EVP_MD_CTX_free(struct evp_md_ctx_st *context);")
ffi_cdef("int EVP_DigestInit_ex(struct evp_md_ctx_st *context, const struct evp_md_st *type, struct engine_st *engine);")
ffi_cdef("int EVP_DigestUpdate(struct evp_md_ctx_st *context, const void *data, size_t bytes);")
ffi_cdef("int EVP_DigestFinal_ex(struct evp_md_ctx_st *context, unsigned char *digest, unsigned int *bytes);")
ffi_cdef("\nunsigned char *HMAC(const struct evp_md_st *type, const void *key, int key_bytes, const unsigned char *data,\n    size_t bytes, unsigned char *digest, unsigned int *digest_bytes);\n")
ffi_cdef("unsigned char *ngx_hex_dump(unsigned char *text, const unsigned char *data, size_t bytes);")
--- Past this many digests at a time, contexts are not kept.
local MOST_IDLE = 64
--- EVP_MAX_MD_SIZE.
local MOST_BYTES = 64
local digest_bytes = ffi_new("unsigned char[?]", MOST_BYTES)
local digest_size = ffi_new("unsigned int[1]")
local hex = ffi_new("unsigned char[?]", 2 * MOST_BYTES)
local function begin(self)
    local context = table_remove(self.idle) or ({
        handle = ffi_gc(
            ffi.C.EVP_MD_CTX_new(),
            ffi.C.EVP_MD_CTX_free
        ),
        broken = false
    })
    context.broken = ffi.C.EVP_DigestInit_ex(context.handle, self.method, nil) ~= 1
    return context
end
--- Adds bytes: a pointer and their number, or a string and its length. Phases: any.
local function update(context, bytes, count)
    if not context.broken then
        context.broken = ffi.C.EVP_DigestUpdate(context.handle, bytes, count) ~= 1
    end
end
____exports.update = update
--- Leaves the digest in `digest_bytes`; false on failure.
local function ____end(digest, context)
    if context.broken or ffi.C.EVP_DigestFinal_ex(context.handle, digest_bytes, digest_size) ~= 1 then
        return false
    end
    if #digest.idle < MOST_IDLE then
        local ____digest_idle_0 = digest.idle
        ____digest_idle_0[#____digest_idle_0 + 1] = context
    end
    return true
end
--- What is in `digest_bytes`.
local function in_hex()
    local size = digest_size[0]
    ffi.C.ngx_hex_dump(hex, digest_bytes, size)
    local text = ffi_string(hex, 2 * size)
    return text
end
local function failure(digest)
    return "OpenSSL failed to work out " .. digest.algorithm
end
local function finish(self, context)
    if not ____end(self, context) then
        return nil, failure(self)
    end
    return in_hex()
end
local function of(self, text)
    local context = self:begin()
    update(context, text, #text)
    return self:finish(context)
end
local function bytes_of(self, text)
    local context = self:begin()
    update(context, text, #text)
    if not ____end(self, context) then
        return nil, failure(self)
    end
    local bytes = ffi_string(digest_bytes, digest_size[0])
    return bytes
end
--- Leaves the HMAC in `digest_bytes`; false on failure.
local function make_hmac(digest, key, text, count)
    local made = ffi.C.HMAC(
        digest.method,
        key,
        #key,
        text,
        count,
        digest_bytes,
        digest_size
    )
    return made ~= nil
end
local function hmac(self, key, text)
    if not make_hmac(self, key, text, #text) then
        return nil, failure(self)
    end
    return in_hex()
end
local function hmac_bytes(self, key, text, count)
    if count == nil then
        count = #text
    end
    if not make_hmac(self, key, text, count) then
        return nil, failure(self)
    end
    local bytes = ffi_string(digest_bytes, digest_size[0])
    return bytes
end
--- Whether two strings are equal, in constant time: the duration depends on their lengths only. Phases: any.
local function same(left, right)
    if #left ~= #right then
        return false
    end
    local difference = 0
    for at = 1, #left do
        difference = bit_bor(
            difference,
            bit_bxor(
                string_byte(left, at),
                string_byte(right, at)
            )
        )
    end
    return difference == 0
end
____exports.same = same
local metatable = {__index = {
    begin = begin,
    finish = finish,
    of = of,
    bytes_of = bytes_of,
    hmac = hmac,
    hmac_bytes = hmac_bytes
}}
local function fetcher()
    return ffi.C.EVP_MD_fetch
end
local has_fetch = pcall(fetcher)
--- OpenSSL's method. The one that OpenSSL 3 finds by name is no more than the name, so that it looks for the method at each digest.
local function method_of(algorithm)
    local ____has_fetch_1
    if has_fetch then
        ____has_fetch_1 = ffi.C.EVP_MD_fetch(nil, algorithm, nil)
    else
        ____has_fetch_1 = nil
    end
    local fetched = ____has_fetch_1
    local ____fetched_2 = fetched
    if ____fetched_2 == nil then
        ____fetched_2 = ffi.C.EVP_get_digestbyname(algorithm)
    end
    return ____fetched_2
end
--- Digests by one algorithm. Raises when OpenSSL does not offer it, as in FIPS mode with MD5. Phases: init.
local function create(algorithm)
    local method = method_of(algorithm)
    local digest = setmetatable({algorithm = algorithm, method = method, idle = {}}, metatable)
    if method == nil or (digest:of("")) == nil then
        error(("digest: the OpenSSL of this nginx does not offer " .. algorithm) .. " (FIPS mode refuses md5; take sha256)", 0)
    end
    return digest
end
____exports.new = create
return ____exports
