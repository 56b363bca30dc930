--- Keys and tokens of every algorithm, made once by node's crypto module, which has nothing to do with our code. The claims of all tokens:
-- {"iss":"https://login.example","aud":["billing","analyze"],"sub":"alice","iat":1700000000,"nbf":1700000000,"exp":2000000000,"scope":"infer read","plan":"gold","org":"acme"}
local _M = {}

--- By the name of the algorithm; with EdDSA, of the curve.
_M.keys = {
    RS256 = '{"kty":"RSA","n":"rp4kSxMQhTiJMfPWLbxrriX5JaHpn8m-e6LnaXk8m5QbJHrQDOrS3yhIHy8A2xsN34i-PZODB_I8yfM-hDqtd8YHWT_8'
        .. 'oFK5NR6FamhvXBQYBbznN40TDIw0279SJo6QJbwsRa4Rn8RMn_w1rgtX_g6wN8ragsIZ19K7CgMv2aFOJoqi_Q5FuFsr5L90LJDTmUfTybgy1P'
        .. '5AAp-wI_pXHajm9BftVEWmdgkNQbq7gY5P2y4uPfPxWM9rCxnfuAyJGtgN_ZYfaq8D6nk3QLYu1BKvoxbV90Ujo0lSWjQGs1RoHg_QXOFp7Z_w'
        .. 'BEbjTgjIROQGPHd6kp0rxg4TOvjKow","e":"AQAB","kid":"key-rs256","use":"sig","alg":"RS256"}',
    RS384 = '{"kty":"RSA","n":"kgSrH26ZpUV9x3mz44S6MAA6BFQMkdAmy9kgBI5H53be7zgFbC3jopRJRZcindfr6FPLS21vTnuuAWuN1MWnELeAfUCd'
        .. 'JM82vrvvRvv5XQIr1CmI14GKKKX0SnCkBFHxRq0ZarI2Pf2TSZkbrYxpkJPkUtIFFzI057M92R8Fkn8wnI82VQ3N4cq5mXd_WwgEp-A0W_AOQt'
        .. 'pQC4dECqlsfuMMancIejZFfQqutLx3JHJrSmSBc9e3SZFLLGLK5O8Nh94g4nSqJB7YHdVgKk6DY6n9obY2NUyXNYYy5yGQQi5_BO5R0nb5JWpC'
        .. 'Ktt69egCapse2TlQMMDHimzNMJ-bgw","e":"AQAB","kid":"key-rs384","use":"sig","alg":"RS384"}',
    RS512 = '{"kty":"RSA","n":"1o8tWapUJU5QSsPQQIVaN7hO4D8DZOmGZ3mZ_TL0YxDwb_-56YUWBS9aoNHolphZJdZDa6RlDpRlqjP1toKLBAwHscgb'
        .. 'DI7gzmzlsvu1tqYb88SOFZhdYVflbej0xbiaQme9bbcrzp_g9PH8yLWdqjB47qIHlzkYX7c0eEjb0ZXBLyksFb-2mizOf2B7cXPW4fflXzrk84'
        .. 'mgbAutiybZ_XaztJ3RH5N7KCy7hz8u2_WzyczjkOXzvkTjP5tyjf1lcs0UkIX62hFa5qgi2r4wRHQSUdqpC8Dz1M38zbt_FwUVBDRCrblAnn82'
        .. 'pq06TYvAZpUIVgkQqlFb3KVRiUDBsJo3dVG2qHFUg4Ck37JH3DEXu_d_BLHbTB3qk11kdicvvSPInvtC_qehMBmNEiazxGBNwE-CamqPEYE-SX'
        .. 'Ut1m0klFXwTdcRZ6JNNZuSDs868w8ipMs0H081LAXM-M_uCZIdIsMYQ6-t0kvT1YyWiWGbUR2mIj5qaM1KiE6liFVSn_7ayhGfQMsdm9kpRCL2'
        .. 'GFElhHtjUAjj2NVfV1qyIgHRrqu-QMjhUBJ4iRvPPvDtLanKuztRWzD8jzSOdiHW_D0YP67Oav-Wlg06wIuDVgYSAEZsibyFRlMby1Fn52xjP8'
        .. 'x3PeZGgDd-FvHetYyN5oFJJOo68I7HHbwUb9dMCiE","e":"AQAB","kid":"key-rs512","use":"sig","alg":"RS512"}',
    PS256 = '{"kty":"RSA","n":"nnl0gDu0zEU8lAcpmwk9sH7anDXGsQ0c5Vg4EAHlwVqxWKmVTS_qfZyKM5dUnYNugpfkWUEuJRmhuSRZYJt8zZ8dvyeY'
        .. 'J_maTB_y7lG0xCYsD8wVNASOdUqz5OdMgd5e49iqw5MkUYMYXDgyTL7siJWgZGF-4oddziug7ECTNZi1ZRJS_TIyqwgAsFXIbOc0m-EZffAuqp'
        .. 'WTRaUL1HdHohNg11V5Wem2ivG-hAMkMZGEc8EqlOn22PBLlKVNVyfwgb_J1T_ovZxgklZP6tCyVRXa_30LVNxXkpySLRZ_O8335EMJpFLQnXBm'
        .. 'VuTXj0DAVU31mohc4Ccyyq6UmGJhww","e":"AQAB","kid":"key-ps256","use":"sig","alg":"PS256"}',
    PS384 = '{"kty":"RSA","n":"iutvA1NJ2WgMdbhEQWC0FWmFBe02MaArkhUP1iKTXnUuyouJljc9gvwmXGdYCQWC_7LIVPtKmeoAPZ0laid42O7EBc-e'
        .. 'Uj-QTbioGRCuiOePUYv-7MPMWCxI8y1eqNhajKzWmY66UdHx1tgB5DCR5DIIhnlhdkeyzcZPO8YHPgHItHJdp0DfG7OwymSMbNJiwdlhu3MWhC'
        .. 'h0vTLKDf5EDTLQ9zlmzMLjid6UlL187nzKAELkGxsoUFDWAmz3Aace2T4lK6KNNYHMay1Xq44EXSjBO8QL1LeO_-zIcwjlcD8b_ZgGfcyzOOl_'
        .. 'MSl70au7sGESbWRKMmtjBsK1zbEv0Q","e":"AQAB","kid":"key-ps384","use":"sig","alg":"PS384"}',
    PS512 = '{"kty":"RSA","n":"o7dg4DfYaAubRPId88tvxAd4RZAfzqlvcBC8-dsF1_DyF-8zv5OF0yUjqY38lGDBoyLP-5L6GvFdWVOR_-_IrA05wpkb'
        .. 'IDBQdRE0mO1QLT7up0j3YQ4cVUfsH0zsuUlitF0bdDHU0b-HDT9qGG4uxICyEPE6dpmRv9h8a03EnorUa8esoHjX1NFJKFR-i7e2cgWs7tzp4X'
        .. 'mo1YJMrW2goS5SYwilBNOf9fvG-QCM3Nt0K0T6CRYHj5i2EyCUZApYOO7nXWhafgGH1TBCmpYYQnjOpcghSrwPLCkv9clgNPtCW5Xn1LYnsTKj'
        .. 'BkDyCZZ3Nrhty1M1zE5KsZQGNkp1jZklkrtsYYtr5N0JGYpLIEkZYHoLZqh287_TQnj0u3bQUWG917jI0SXB6k3CdWMKnjMppXmKRQ53Dq-fLz'
        .. 'WCRvHOXUyLmrqrbKkH504d3YgBY1ruQDChLV3zvVgMJpzwYgKzROTVmr6hbx8PW9OeZbEpVg4GjsccnN01JpPWKLFLcIlWYXEDyNWXcZhXwj3c'
        .. 'KyroE64MVQEO_Vf7tfYbn6UP1h8QCwCexYGqZgel3tBid-DXD8lyEpkkR5tio0DjTikFKoB94yRuqKlmzdoM3CVfdfYAwtB_IlCfk8S_N5PCkX'
        .. '-5Fg2vTTYJrxwaDxqyjacwf0_bp5xVH2Tk0qP9HK0","e":"AQAB","kid":"key-ps512","use":"sig","alg":"PS512"}',
    ES256 = '{"kty":"EC","x":"8tbHdfRgXFNS4f7ZhUFgHv3R5Q1WrZZnZVsdf6kMj6Y","y":"xvVu5wORK52y0qa1B6Ao0kIyk8f9TfbWQHTQe6ab0GA'
        .. '","crv":"P-256","kid":"key-es256","use":"sig","alg":"ES256"}',
    ES384 = '{"kty":"EC","x":"3eyHd1a5wnuUQTw6tutY7_JjgrKuocGdyvtqlOc42fA8lmnaW115s0uv3s_qF_ZR","y":"Uuu0ukgxH8Lou_PqsyM8tF'
        .. 'I91dxmY2qiXosrkVv_-NfV6g883TjY4LRRnKFQzL_W","crv":"P-384","kid":"key-es384","use":"sig","alg":"ES384"}',
    ES512 = '{"kty":"EC","x":"AZRiEM3WrBKZm4bAzdT65nanZUIEbgdyCnVvsfMYYJOvmvDq_IFs0jsBZjFAuFgynScRu9IATK2YyKUOkainX9M6","y"'
        .. ':"AFoEib7EpF01xXRa9Qzuas0W84rncdyN3K0Kskjo4TA9pKn9NFijw5RENq_Y13CzoG29Ndzred5_KH3CT3Inkoau","crv":"P-521","kid'
        .. '":"key-es512","use":"sig","alg":"ES512"}',
    Ed25519 = '{"crv":"Ed25519","x":"ysoq-B7nfzodHW-8BAyWHtiaRTkb4EGNnOs5UCy3GzE","kty":"OKP","kid":"key-ed25519","use":"sig"'
        .. ',"alg":"EdDSA"}',
    Ed448 = '{"crv":"Ed448","x":"XzfQRNNqxzzma06jvr0IB6VUMnqmMfy989OksXM2TdRDHGjXjKFGLnU2JKa2NOgRlyZb70uFkWOA","kty":"OKP",'
        .. '"kid":"key-ed448","use":"sig","alg":"EdDSA"}',
}

_M.tokens = {
    RS256 = 'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1yczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.GP6onP1lzHbw9FHsW6_DcooJ70Kd50jGQsikUl'
        .. 'aEqC3WiDMV6EgNfSPX8k0OoCheK1PaWJBP9mHmOrwa-gk2xFx7cdoGRanG3OwDyY3yemw1XIddJvdE4RkDnAGL-sIJgoJXHdfxcwE_qfdHX0Bm'
        .. 'fjg4fk2FHpfC0nD2NzdGMOUdIyqFM2AgYbkc9MJN48N-_sQBCT3hoYbSCzLrZ0DCjBaYbkRv9BB6JXxkzD1smGTMaaSJvRVAlVHmgWEjgxkkTD'
        .. 'pr2gEzfyLtvwmxF-IQ841O4gUtPMJ1VCCQJ428RYeZZJgRCErHsO0vfbMneFpe1klugfhIN8AdeYDpeSv57g',
    RS384 = 'eyJhbGciOiJSUzM4NCIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1yczM4NCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.ekMULQ0a65HakxN_-bMPHx3yHJQx490nW0XNZq'
        .. 'pCzfMfAljMTc1acxx-q7U_W_0lv-uYDT5lNarrtoT-rKjvERhLDMdTs67NtKMh_v50FPWWsnOwp7IvtRpnGLS901xsiv8hrzln4mUgHRK6mEot'
        .. 'VY8iEZyPe-kQ62aAm92aLfpVRwwxMQgEH-qsm9dXJEIBmdyemLYv-gE-IJxdSa_Lic2YLf1M_j8qX7phbPGWlG0NdCDVH-xPM6mybkmp2TTZCI'
        .. 'IICZu9RgoMXc2g0YxHIEzUyK6xPnafSu-COo2lNzlLPgLXHis9hnOebwqJAGyPJawu2xApbb9EJyjleEXo_A',
    RS512 = 'eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1yczUxMiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.OjqZ5BEZlxVzillSDvey_wNZzOa5n0K_makXdT'
        .. 'bV0XrQFTDlwbVGc6W_Bsu2IfTjmL_FfmmS9cvKhNAgmBTdz4sE1u1hfT_ZKib1MAPs3137nIyonll6NLUXNCtAABM-QiYhcXtcwCEBFOBlsbY6'
        .. '9QIFNHgrXJpi-tfyAl8DOwqoGA3n5IwVPj5Y7YCzJf34wn0GVczopD2x_STN3QbsqKiD8znIxSVhLdn5Cr0ef4GnTW-DtIA4LsWjSPfA_FDJd6'
        .. 'QzKWpQ9lWJoPNbCEMZMSQ3FAHHKCcrLkSLZ6k1g3WRJLF697HAtGD_Q4zi_TGmXNMzUVtbZMzV2Gp38SXkE2FmzcQqIey1tkIIsZSQe_sLMmlm'
        .. 'mrT1sZ055MeCGpSOo3tmEd7WcmIT79y6jGdcGY3nkYSdbV2LBD54TbqsVYgVSGVz_Ien9AuuOr9y03b1X-s8RoeshnmQhzxliT0BGMYXkcZHFd'
        .. 'RQE4FWTMT3M-RuEazUHoCjhVBUukZtR-r1zTRPZhbWpHDm4rBgFjV7wN2DOXLo8x5C2jIg71crdhDVNwS5t2ocxR2L1Xq8bQ41_AM3z-bduMXG'
        .. '-XwZmOFN4OYhW9iT9OGKFteLC9iqBuckBPJBOOwMrWgHxQbAsB6UZ8U0x0MxdtHsoxGCURrjYf7OCGUrGYfJx1pilHhQdaY',
    PS256 = 'eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1wczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.Aa3ngsI-ry-vb5x9YKfJN7MFCEGRH6DFyZa95b'
        .. 'aquSOYAgi1plAWZa2v4iu_hwekqYG6esqN3MyJZPmzt-Cq_OoRxLTT6kUjhh4Q2z4R5YdhfWbIAyNHaJdxuWlOA4XtVVDutrl1PUFh38Woz5g5'
        .. 'VQKmrXHPrDLa7ulp4KkwecjpCxeEU0Pq1UuEd3cgunTws8atJphjrlv_o2yqNOaeu6AlgelAQM256OfpzaHnFNWgwmHP75n7RjgvW9dBUYBMs8'
        .. '2SeQx_q8rbuY7qXXea5ZJN2Rs1sXxgs3xjxSN5zoRQJs8nmjUbiJ_4_qB5a_5MOn8_Hz4M6iNT9ZtW4_Rs1w',
    PS384 = 'eyJhbGciOiJQUzM4NCIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1wczM4NCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.g_tdKMN0_waqU-tRo1COxGaoVkIrOLeS8Ajfh7'
        .. '1KMDm7nP0zNvmHNLuDsJjaVmgMDnFIJz53CEdbnNJj-cSvLHODSzMOmlPohlGioci-zCQuD_6BpvCigxO-cwzXsWBVAcGMwTrF41S4y7N-S_Bo'
        .. 'MJz93awlHUMzBpV0F6AhRtTZxe8wXW21AmlXs5jdrPfiB1DfWpYGHuJwGTNZ3hBET1MnlnplVjgowBck2RMzEszqVm7WE1VcRKiXwAFbRzAwN2'
        .. '8aaxR0b0SPIviMGCFob3sIYDjac4TsaI9duoLCrlahzHCYCz9U2OoGy7iAGeguPjXxSxAbU9LIMllMP5wueA',
    PS512 = 'eyJhbGciOiJQUzUxMiIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1wczUxMiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.WJUwwfnIIqZmh3FrMPEi_xLZFkIdkQZHGY45Be'
        .. 'fzn1h70jQxmnMXm59i6FRV2vZqeiJBdqlg7fSxKlArIQxMEwh44vxoOh-X0e_Ge072MZImfLpe-AByAZSMgVlnLfhUD4Sl_IjTEe8rPslRDQ0I'
        .. 'XGQ6FS7Jg5stD9mK9fTy_at79kPznSFb3aOHt6Ai5K-jQ8zUQVUs3LYXD7Ei059Uy_ivWsYWJ3xNcI0WTTqD_foemu0CrxWraDBBFfr0z1R2HK'
        .. '8tA8nPb1Q4tGOCBOyEX1KVIP-Kc0oVJfL3zrbroiERGXK8kM3PQCViYae1SV-1-XsmeXag2wkTBm25tSaxXmTzCJyldvGsrLAwaN6XG9ljJQTJ'
        .. 'MDLlkUdM_yI7DXZJi_oTTR-vhUAFDGa8i4-ZIuvxr71-lPRcnRM-07wW3ymQQ7XgoSVBHLvVx1CsCm8Ssj3RSGG2YdpS6vjxNlH1h6Bl_eKlwA'
        .. 'ZB27QlD6PVVqgQsplA2wGnjVpscIK6WuJYtTk9e8yBAFAWsiRvVtu6nM3FUtROHEze3YOKi2JhosxLtRqx_HoElcsX9qzmfJDmfjF5fGf2R7FU'
        .. '0LmCtWqOZf8NdAxIH2SYd7rAixWkfE7fHVTi1X6YegQ0scjflH2cWdsybPeLd-iN5qmjM7WOjkR468L-5-MXw6ifRi0kye0',
    ES256 = 'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1lczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.kAE0jd5XsrIJacsKc5dYBzECiW3zke7sfdYNah'
        .. 'hFqDuopnz8wb0VKZdJ7A5YN2fCyZ3HTXXgE8CQXFD4lILt_g',
    ES384 = 'eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1lczM4NCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.2hdDdqfsgn3LiMlaehi7zPgv0R7m_rjWl1-n_H'
        .. 'VtIpRML2O3WpiM6XKMjX5Yqb0PqHf0W1NfP9tjUGuIw35YTt9Wa8DiAVfh5c40eUQm9hdeGBhq5FF66o1xQKN5XNQb',
    ES512 = 'eyJhbGciOiJFUzUxMiIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1lczUxMiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.AWILIqBYlVFCg_r5LDGi46cRFEzTRSE2oAy7ac'
        .. 'bpsm6tG_EBXvDQasdrSqwwnbNDnbrIPik0dRaoJdYMMltuw_jYAE3864MGx5Q6jLhcjapKh7WsHfhZf1ysfJ_yn4VKL7IBXon0oDBClexrtSzu'
        .. 'n1WBNtEA1j2AZLGSt1Rf4VoFUIyS',
    Ed25519 = 'eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1lZDI1NTE5In0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdW'
        .. 'QiOlsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAw'
        .. 'MDAwMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.zH103W5LznallrbhSRxQdPs7l8xqcZpge_U'
        .. 'EqJ50pIGtFr_dCf4elVUZAfIh6Tal8OyjBe58xmGCqq7aw8S0CA',
    Ed448 = 'eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImtleS1lZDQ0OCJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiO'
        .. 'lsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDA'
        .. 'wMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.Z9Bzq6At2rbrGKIvEHY-6fLw-DgQYPJFGQ380I'
        .. 'W7fYkVFbuR8jbGZb5RF8k0yA1gl4PzSThpa1yAFNCsS3MTt812l4LvMY4I5_xEnqHtUg3GX7Y1p1Hxzj-bkh05y13BMEqxWbnXFMEOkATm_hKg'
        .. 'IgYA',
}

--- Of the key RS256, with PSS and a salt of 20 bytes.
_M.short_salt = 'eyJhbGciOiJQUzI1NiIsImtpZCI6ImtleS1yczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOlsiYmlsbGluZyIsI'
        .. 'mFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDAwMDAwLCJzY29wZSI'
        .. '6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.l4Zo09vXfs02llqObxg1bdK4SUNrqzwJSZD5J8ya5lOUdmVhqwfXHt'
        .. 'smpmxlCoKtSfYJ6XCsVM7JnQesz9Oe-wgQWs0Zmpa-AsyzM6zfdUKWa7Ygasvm7HWMlo4bEqZUiyY-KIBAZ18xSsAlTKhPNvUgWp6_f15NvjF5'
        .. 'YPUa9-Gj0FluzSBPbV-qRFg-L8bZHoxkZWFxuircARE7rBevQGipY-tMMrLSTN83q2vJbI4w2mWhjotsHegyM0O_RRgEhtMGserzt8BCIlvAzv'
        .. 'IbCmvVtcYdnlJDS3ceVLA9-KOv3OfxqpzmYU2Ny4mwjuketnJiuaRaMlKDhAE34dt5AA'

--- Of the key RS256, with PSS as it should be.
_M.pss_by_rs256 = 'eyJhbGciOiJQUzI1NiIsImtpZCI6ImtleS1yczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOlsiYmlsbGluZyIsI'
        .. 'mFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDAwMDAwLCJzY29wZSI'
        .. '6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.NOIMk3HFHGVnE8vIQ4jbElXNc4tY3ZmZih3GSP7QrcS-UpWc_hYA8e'
        .. 'FYAqThJjogJQc-QpAGLMUTPjQaTCZy7EdEMB_exj9cGt-WQaAwDQ3IQTe-FrfVNWf1cBo6UD9U1rUI9e7r6Py3-2D6G4FplTVDHE9_zSA82HXR'
        .. 'bwwvT9Xcpexdn53qgMXXGBjGmTYiILOLP95D60ycW-qHHOAnSYR5BUbyD06hqqzu0XKfa_AHOVnOCugXCMTMaOxymymICuhb-TuCFV1sgulQd5'
        .. 'wUAOwqgiR9VhmMXtCcrWPMU7eJWNaembUJbq_BpYNhzeRvSTUd_Tg-RFmf8zWNbpQSqQ'

--- Of the key RS256, without a kid.
_M.without_kid = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOlsiYmlsbGluZyIsImFuYWx5emUiXSwic3ViIjoiY'
        .. 'WxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDAwMDAwLCJzY29wZSI6ImluZmVyIHJlYWQiLCJwbGF'
        .. 'uIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.Auok7bchEu8ztSDALUBgMAW93YtV5BaRLgG26CuN13DqLjkeVxUl-TM1Gk9xU0NpVainTrxlOuC2OC'
        .. 'exNH092bnBF1335hH-bNd0B9h1cHwEhToqIUd12uRz8fzw-WHuOLVFuObltwjII_H_PfB1NZreMaAtc5RtlHOAKjmjau9Q7QjfCOa5sJJqObXp'
        .. 'zWMgBBpQwPkh5iqypMv3e9N24JafPJfJFLoFXgee_YEM9IhVYK6sn7-b7sVSHSQS-FlSy2z0QhvKY3ujKSvsFJimi_fhEvDAfMSyjsfSoV4IqH'
        .. 'n0R4Tux-QY23sXNs1ACqHUrYKbwe3htYSy9UBGRFBKbA'

--- Of the key RS256: the signature begins with a zero byte.
_M.zero_rsa_signature = 'eyJhbGciOiJSUzI1NiIsImtpZCI6ImtleS1yczI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOlsiYmlsbGluZyIsI'
        .. 'mFuYWx5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDAwMDAwLCJzY29wZSI'
        .. '6ImluZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUiLCJuIjoyMX0.AFL7ltfQEr7wo9bTQ0NzCG98RT8zfeNW5_zvWcCRMi4Eb'
        .. 'kV5koZGIRu5l_kwa-iX48BZdjd6VOpiEj7dqll-ANGOZT05-Bzkdc7-Cb43GyDveOh4GVO5NqeBw_teGTNylSzVLnKYvFVogdCiR5jW_ybe-xI'
        .. 'vGx7VSqCdR3MyhrG_Ruf3-X71adIW-opYYWAbGNMRV4ZhMrcgLPO2KEi_6KbM-Rrn-Z3aosHAkSVD9Ycy1gjgeoHYWg6b11RiyME5MGtmoan7o'
        .. '_h4yiyy7Nmg47-yOu71lCWJOjBICgnTPS2aKjBqZjr56Q-XVKFU2HXJ66AJhIXDFBDscFvwiMeUnQ'

--- A key whose x begins with zeros, and a signature that does.
_M.zero_es256 = { key = '{"kty":"EC","x":"AHV176DxM_TKXXolRspj_hE0PD4JheazDs1--VGnTE8","y":"7V8XIvb9e1bH-pBD-X47SIfhqSb2FOile24IkstYOXo'
        .. '","crv":"P-256","kid":"zero","use":"sig"}',
    token = 'eyJhbGciOiJFUzI1NiIsImtpZCI6Inplcm8ifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOlsiYmlsbGluZyIsImFuYWx'
        .. '5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDAwMDAwLCJzY29wZSI6ImluZ'
        .. 'mVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUiLCJuIjo4OX0.AENeVixFUab4TIj3oFkVNggjMuXVi-0_4dwm2evhf2cXm3hznLq'
        .. '9_FlDuzCiSO7-AuOy8fOV1UotbveGHp2qsA' }

--- A key whose x begins with zeros, and a signature that does.
_M.zero_es512 = { key = '{"kty":"EC","x":"AQBbAZro7phaoCJ0XkuTGG-2D_Ygp2azzQR8lU17Elg30GDypRxPNbVhI26dqRJA_uPLonXG40gqh4p1Bmf9w_r5","y"'
        .. ':"AfW1IhRl-Lhl2ZEJs7hSeN2c6KPSEBvsG9q1PY5KKsnsAWneBeQDuwRMdKpQg7utnhT8X-ZRjatxACT4ZmG9CCF7","crv":"P-521","kid'
        .. '":"zero","use":"sig"}',
    token = 'eyJhbGciOiJFUzUxMiIsImtpZCI6Inplcm8ifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOlsiYmlsbGluZyIsImFuYWx'
        .. '5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDAwMDAwLCJzY29wZSI6ImluZ'
        .. 'mVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUiLCJuIjoyODN9.AAD3Sz4HP2WQrbZOg7UWwBp8NNeF2pj_UQ0G1uXDJYpVx9QqUQ'
        .. 'WZZX6qOxJkvFc8J12ZZdy1OvC1Ek0sAzoC4n30AM0AvQaeYOJtmJa-1ipoxG6UX-e1Ydm8f818iJxb2VZFZt77rmjwapPplgDc5HMZEXMrySxj'
        .. 'hUJBu6aHNtIVFDk3' }

--- RSA of 1024 bits, of 2047 bits, and of 2048 with the exponent 3.
_M.rsa_1024 = '{"kty":"RSA","n":"ofWRJ89hAWDDqtc6ZB_c26vqCUU2-nChMOZ6u1d_lYwPXUj7lDX62wyxdx1N6sVojcnQqJqjqcRqjoC_XHTS4sqCM_In'
        .. 'icG90w6QSEih678c5CVeuo_v3MzcHl6l9JSux-WeyZm6vEdVY7QrLEV49rSqOG8JCtruj77EnhBI1LM","e":"AQAB"}'
_M.rsa_2047 = '{"kty":"RSA","n":"Tpqfu_czag3UsQWoi7gDP-Vnt5P8ubVSjIw9zwsNGw1kXJK4GO7F5BinHun82ANlJmTzUJX02VEYnWJ2psfSAnzRdIvh'
        .. 'tSqBoo1lVPyNhexlXBBcaz8UPwQC2XyvGMt1Yb2VjSjCTvNnSvob5rPbS_-Jlliu7fH22kZzeVjFIsYBI00ixrzhZFeJr5zqexH-GUK40GVy29'
        .. 'VjIJaq-nC4HDrEDJp1meVEBTVy2WvAyMQfpy7J1qBGFjc18ggUgD04g7h__0ahGY6_1H1ueH1XX0E_JJKqwWGb5gcMnXqyF6CI5-j5yQuvG1o7'
        .. 'Ts70AdqX5eaT8Kb2gzijsxLZH3QONQ","e":"AQAB"}'
_M.rsa_exponent_3 = { key = '{"kty":"RSA","n":"yiM3X5qXDld2PZnjiP-m8fGUKhLh9wsfrx8QmOD0eVk9JgiAEWTYGiFxgpIAAQQWZNOGLF4AnHSj8K4NTon4vMUHcEdv'
        .. 'UVBStLGplWlvOJeELlFV8xu-MW9_6aJLIg0ZC-_WyVol8WA_Q_OSfmuO_lJv2sUS90FAUlvLcyugODVvDLjPevgNZLO6u3bZkgzfqc7iR6Uauw'
        .. 'SRte5mIt0E1Zqzn0uMOW_inya1J32xsXbmnSo335J4RJGbX_EL8N3quticAfTpKSEDpq7W5Lm9JoA6U4PsnadPNPk3zBGWV5kM0whxVtSsH_k9'
        .. 'RvsjN786NjO90HBThixkcY5YiPaMNQ","e":"Aw","kid":"three","use":"sig"}',
    token = 'eyJhbGciOiJSUzI1NiIsImtpZCI6InRocmVlIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOlsiYmlsbGluZyIsImFuYW'
        .. 'x5emUiXSwic3ViIjoiYWxpY2UiLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoyMDAwMDAwMDAwLCJzY29wZSI6Imlu'
        .. 'ZmVyIHJlYWQiLCJwbGFuIjoiZ29sZCIsIm9yZyI6ImFjbWUifQ.gwj0DT4PUJQtO6O1B6cMBMUjgqf8IWEon8F8yfSD2jIXV8fUhf9K0tODr8S'
        .. '7V3RpsKF02XUxAaFhTDi7bwV9l0ob_mwI59fYdl6I0Y67Sn85ApUTQd9cFy59RrMg5gcPsy1KXnVxHbEyb2LfWeLZvzPqlCNV89OpeBYDQon4Z'
        .. 'MGbN0pn3DjtOEXD97LJzazHxOxUMuctXl4wKwgy6IJleefyHDK7h3Krkbxs_f603RXlByBEkb0Y2h0KHz1UG6y8UrFJwaMsURvf5Ko3ThqRTi0'
        .. 'W40V9CkNEmmnQHGyniUz1jbBvsOCnaA0RydwgAnX4R7nvk3A7gfJY4YPH9wWlVw' }

--- For encryption alone.
_M.x25519 = '{"crv":"X25519","x":"j0s8G9mgXyR3250jHTaPtmR1YiUQb9KJmsrz7-Jg3B0","kty":"OKP"}'
_M.secp256k1 = '{"kty":"EC","x":"mCi5Q2gXzkBWD03MJWdLF-lXMa9yB61zhQ3YUc3tUvU","y":"zkjbuFA3C6PWQpjS-FrCO_0i2fR7lXav684MSeVqFws'
        .. '","crv":"secp256k1"}'

return _M
