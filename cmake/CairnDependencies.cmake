# Libraries that do what Cairn does not exist for. cairnConfig.cmake.in and cairn.pc.in name the same ones.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(Pthreadpool REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo)
set(CAIRN_LIBRARIES PkgConfig::JANSSON PkgConfig::LIBZIP PkgConfig::CAIRO PNG::PNG JPEG::JPEG ZLIB::ZLIB
    Pthreadpool::Pthreadpool Threads::Threads m)
# Read if it is there.
pkg_check_modules(WEBP IMPORTED_TARGET libwebp)
if(WEBP_FOUND)
  list(APPEND CAIRN_LIBRARIES PkgConfig::WEBP)
  add_compile_definitions(CAIRN_WEBP)
  set(CAIRN_PC_WEBP libwebp)
endif()
