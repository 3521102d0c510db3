# Included by CMake after each project() of llama-cpp-python's source distribution
# (CMAKE_PROJECT_INCLUDE). It leaves out what Ducktypist never loads and joins the many small
# sources of libllama into a few, which is where a first-time build spends its minutes.
# The kernels (ggml) are compiled as upstream has them, but for the compilers named at the end.

# llama.cpp's "common" library serves its command-line tools; the bindings force it on in the
# cache, and a normal variable shadows the cache (policy CMP0126).
set(LLAMA_BUILD_COMMON OFF)

if(PROJECT_NAME STREQUAL "ggml")
  # Two of ggml's CPU sources define the same static function.
  set(CMAKE_UNITY_BUILD OFF)
else()
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
endif()

# GCC before 11.5, 12.4 and 13.3 drops what _tile_loadconfig is to read (GCC bug 114098), so that
# the first product of matrices on a CPU with AMX ends the process. Debian 12 has such a compiler.
# AVX-512 does the work there instead.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(_gcc ${CMAKE_CXX_COMPILER_VERSION})
  if((_gcc VERSION_GREATER_EQUAL 11 AND _gcc VERSION_LESS 11.5)
     OR (_gcc VERSION_GREATER_EQUAL 12 AND _gcc VERSION_LESS 12.4)
     OR (_gcc VERSION_GREATER_EQUAL 13 AND _gcc VERSION_LESS 13.3))
    add_compile_options(-mno-amx-tile -mno-amx-int8 -mno-amx-bf16)
  endif()
endif()
