# Included by CMake after each project() of llama-cpp-python's source distribution
# (CMAKE_PROJECT_INCLUDE). It leaves out what Ducktypist never loads and joins the many small
# sources of libllama into a few, which is where a first-time build spends its minutes.
# Nothing here changes how the kernels (ggml) are compiled.

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
