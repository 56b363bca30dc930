local ____exports = {}
local error = error
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
local function finish(self, context)
    if context.broken or ffi.C.EVP_DigestFinal_ex(context.handle, digest_bytes, digest_size) ~= 1 then
        return nil, "OpenSSL failed to work out " .. self.algorithm
    end
    if #self.idle < MOST_IDLE then
        local ____self_idle_0 = self.idle
        ____self_idle_0[#____self_idle_0 + 1] = context
    end
    local size = digest_size[0]
    ffi.C.ngx_hex_dump(hex, digest_bytes, size)
    return (ffi_string(hex, 2 * size))
end
local function of(self, text)
    local context = self:begin()
    update(context, text, #text)
    return self:finish(context)
end
local function hmac(self, key, text)
    local made = ffi.C.HMAC(
        self.method,
        key,
        #key,
        text,
        #text,
        digest_bytes,
        digest_size
    )
    if made == nil then
        return nil, "OpenSSL failed to work out " .. self.algorithm
    end
    local size = digest_size[0]
    ffi.C.ngx_hex_dump(hex, digest_bytes, size)
    return (ffi_string(hex, 2 * size))
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
local metatable = {__index = {begin = begin, finish = finish, of = of, hmac = hmac}}
--- Digests by one algorithm. Raises when OpenSSL does not offer it, as in FIPS mode with MD5. Phases: init.
local function create(algorithm)
    local method = ffi.C.EVP_get_digestbyname(algorithm)
    local digest = setmetatable({algorithm = algorithm, method = method, idle = {}}, metatable)
    if method == nil or (digest:of("")) == nil then
        error(("digest: the OpenSSL of this nginx does not offer " .. algorithm) .. " (FIPS mode refuses md5; take sha256)", 0)
    end
    return digest
end
____exports.new = create
return ____exports
