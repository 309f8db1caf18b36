# The command, and what it writes about itself: the manual page and the shells' completions come from the table of
# commands that --help prints.
pkg_check_modules(POPT REQUIRED IMPORTED_TARGET popt)
file(GLOB command_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.c)
if(command_sources)
  add_executable(cairn ${command_sources})
  target_include_directories(cairn PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(cairn PRIVATE _GNU_SOURCE)
  target_link_libraries(cairn PRIVATE cairn_static PkgConfig::POPT PkgConfig::JANSSON)
endif()
