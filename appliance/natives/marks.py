"""The marks by which a library is known inside a native file, and the licence it is under.

Rules kept here: a mark is what the library puts there itself; each begins with a word of its own,
so that a hundred megabytes are searched in a blink; copyleft libraries and compilers are among them
so that one is seen which somebody linked in, not because the product may have them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """patterns: what stands in the file; the first group, where there is one, is the version."""

    name: str
    licence: str
    patterns: tuple[re.Pattern[bytes], ...]


COMPILER = "llvm"


def _mark(name: str, licence: str, *patterns: bytes) -> Mark:
    return Mark(name, licence, tuple(re.compile(pattern) for pattern in patterns))


MARKS: tuple[Mark, ...] = (
    _mark("openssl", "Apache-2.0", rb"OpenSSL (\d+\.\d+\.\d+[a-z]?) \d{1,2} \w{3} 20\d\d"),
    _mark("curl", "curl", rb"/curl/src/[a-z]+-(\d+_\d+_\d+)-"),
    _mark("cpp-httplib", "MIT", rb"cpp-httplib/(\d+\.\d+\.\d+)", rb"cpp-httplib-multipart"),
    _mark("mbedtls", "Apache-2.0", rb"mbed TLS (\d+\.\d+\.\d+)", rb"Mbed TLS (\d+\.\d+\.\d+)",
          rb"mbedtls_[a-z]+_init", rb"duckdb_mbedtls"),
    _mark("jemalloc", "BSD-2-Clause", rb"Begin jemalloc statistics"),
    _mark("zstd", "BSD-3-Clause", rb"ZSTD_compress[A-Za-z_]*\x00",
          rb"ZSTD_decompress[A-Za-z_]*\x00"),
    _mark("zlib", "Zlib", rb"deflate (\d+\.\d+(?:\.\d+){0,2}) Copyright",
          rb"inflate (\d+\.\d+(?:\.\d+){0,2}) Copyright"),
    _mark("libpng", "libpng-2.0", rb"libpng version (\d+\.\d+\.\d+)", rb"built with libpng-"),
    _mark("libjpeg-turbo", "IJG AND BSD-3-Clause", rb"libjpeg-turbo version (\d+\.\d+(?:\.\d+)?)"),
    _mark("libtiff", "libtiff", rb"LIBTIFF, Version (\d+\.\d+\.\d+)"),
    _mark("libwebp", "BSD-3-Clause", rb"WebPDecode[A-Za-z]+\x00", rb"WebPPicture[A-Za-z]+\x00"),
    _mark("sqlite", "blessing", rb"\x003\.\d{1,2}\.\d{1,2}\x00"),
    _mark("pcre2", "BSD-3-Clause WITH PCRE2-exception", rb"10\.\d\d 20\d\d-\d\d-\d\d"),
    _mark("icu", "Unicode-3.0", rb"icudt(\d\d)[lb]"),
    _mark("harfbuzz", "MIT-Modern-Variant", rb"HB_SHAPER_LIST"),
    _mark("freetype", "FTL", rb"FREETYPE_PROPERTIES"),
    _mark("openjpeg", "BSD-2-Clause", rb"is set in openjpeg\.h at", rb"OpenJpeg only supports"),
    _mark("lcms2", "MIT", rb"LittleCMS", rb"Little CMS", rb"lcms2"),
    _mark("abseil", "Apache-2.0", rb"/abseil-cpp/absl/", rb"4absl\d\d"),
    _mark("agg", "LicenseRef-AGG-2.3", rb"N3agg\d\d"),
    _mark("libxml2", "MIT", rb"\x002[01][0-9]{3}\x00"),
    _mark("libxslt", "MIT", rb"fake node libxslt"),
    _mark("lexbor", "Apache-2.0", rb"lxb_html_", rb"lxb_css_"),
    _mark("openblas", "BSD-3-Clause", rb"OpenBLAS (\d+\.\d+\.\d+(?:\.\w+)?)"),
    _mark("highway", "Apache-2.0 OR BSD-3-Clause", rb"3hwy\d", rb"hwy::"),
    _mark("md4c", "MIT", rb"md_parse\x00"),
    _mark("onigmo-or-oniguruma", "BSD-2-Clause", rb"onig_new\x00", rb"onig_search\x00"),
    _mark("libffi", "MIT", rb"ffi_prep_cif[a-z_]*\x00"),
    _mark("expat", "MIT", rb"expat_(\d+\.\d+\.\d+)"),
    _mark("mpdecimal", "BSD-2-Clause", rb"\x002\.\d\.\d\x00"),
    _mark("picojson", "BSD-2-Clause", rb"8picojson"),
    _mark("libbacktrace", "BSD-3-Clause", rb"libbacktrace could not find executable"),
    _mark("brotli", "MIT", rb"timedownlifeleftback"),
    _mark("svml", "BSD-3-Clause", rb"__svml_[a-z]+"),
    # What may not be linked in
    _mark("glib", "LGPL-2.1-or-later", rb"GLib-GObject", rb"g_log_structured_standard\x00"),
    _mark("gmp", "LGPL-3.0-or-later OR GPL-2.0-or-later", rb"GNU MP: Cannot allocate"),
    _mark("libiconv", "LGPL-2.1-or-later", rb"_libiconv_version\x00", rb"libiconv_open\x00"),
    _mark("libintl", "LGPL-2.1-or-later", rb"libintl_gettext\x00"),
    _mark("readline", "GPL-3.0-or-later", rb"rl_readline_name\x00"),
    _mark("ffmpeg", "LGPL-2.1-or-later", rb"libavcodec license: "),
    _mark("mupdf", "AGPL-3.0-or-later", rb"fz_new_context_imp\x00", rb"MuPDF error: "),
    _mark("ghostscript", "AGPL-3.0-or-later", rb"GPL Ghostscript", rb"Artifex Ghostscript"),
    _mark("poppler", "GPL-2.0-or-later", rb"SplashOutputDev", rb"poppler/poppler/"),
    _mark("fribidi", "LGPL-2.1-or-later", rb"fribidi_get_bidi_types\x00"),
    _mark("gnutls", "LGPL-2.1-or-later", rb"gnutls_global_init\x00"),
    _mark("libgcrypt", "LGPL-2.1-or-later", rb"gcry_check_version\x00"),
    _mark("libidn2", "GPL-2.0-or-later OR LGPL-3.0-or-later", rb"idn2_check_version\x00"),
    _mark("berkeley-db", "AGPL-3.0-only", rb"Berkeley DB \d+\.\d+"),
    _mark("fftw", "GPL-2.0-or-later", rb"fftw_wisdom ", rb"fftw-3\.\d+\.\d+"),
    # A compiler: none may be in the product, whatever its licence
    _mark(COMPILER, "Apache-2.0 WITH LLVM-exception", rb"_ZN4llvm\d", rb"LLVM ERROR: "),
)  # fmt: skip
IN_DUCKDB: tuple[Mark, ...] = (
    _mark("brotli", "MIT", rb"duckdb_brotli"),
    _mark("concurrentqueue", "BSD-2-Clause OR BSL-1.0", rb"duckdb_moodycamel"),
    _mark("fast_float", "MIT OR Apache-2.0 OR BSL-1.0", rb"duckdb_fast_float"),
    _mark("fastpforlib", "Apache-2.0", rb"duckdb_fastpforlib"),
    _mark("fmt", "MIT", rb"duckdb_fmt"),
    _mark("fsst", "MIT", rb"duckdb_fsst"),
    _mark("hyperloglog", "MIT", rb"duckdb_hll"),
    _mark("jaro_winkler", "MIT", rb"duckdb_jaro_winkler"),
    _mark("libpg_query", "BSD-3-Clause AND PostgreSQL", rb"duckdb_libpgquery"),
    _mark("lz4", "BSD-2-Clause", rb"duckdb_lz4"),
    _mark("miniz", "MIT", rb"duckdb_miniz"),
    _mark("nanoarrow", "Apache-2.0", rb"duckdb_nanoarrow"),
    _mark("re2", "BSD-3-Clause", rb"duckdb_re2"),
    _mark("ska_sort", "BSL-1.0", rb"duckdb_ska_sort"),
    _mark("skiplist", "MIT", rb"duckdb_skiplist"),
    _mark("snappy", "BSD-3-Clause", rb"duckdb_snappy"),
    _mark("tdigest", "Apache-2.0", rb"duckdb_tdigest"),
    _mark("thrift", "Apache-2.0", rb"duckdb_apache"),
    _mark("utf8proc", "MIT AND Unicode-DFS-2016", rb"utf8proc_[a-z_]+"),
    _mark("vergesort", "MIT", rb"duckdb_vergesort"),
    _mark("yyjson", "MIT", rb"duckdb_yyjson"),
)
"""As DuckDB takes them in, each in a namespace of its own: of files that speak of one at all."""
BARE = {"libxml2", "sqlite", "pcre2", "mpdecimal"}
"""Their mark is the version itself."""
BESIDE = {  # a bare number counts only in a file that also holds this
    "libxml2": re.compile(rb"libxml"),
    "mpdecimal": re.compile(rb"libmpdec: internal error"),
    "sqlite": re.compile(rb"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d [0-9a-f]{64}"),  # its source's id
}
