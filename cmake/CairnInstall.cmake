# Installation: libraries, headers, the command with its manual page and completions, and what other projects find
# the library by (CMake and pkg-config). All of it can be moved to another prefix afterwards.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cairn)

foreach(kind shared static)
  install(TARGETS cairn_${kind} EXPORT cairn-${kind})
  install(EXPORT cairn-${kind} NAMESPACE cairn:: DESTINATION ${package_dir})
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cairn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/cairnConfig.cmake.in cairnConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(cairnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cairnConfig.cmake ${PROJECT_BINARY_DIR}/cairnConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindPthreadpool.cmake DESTINATION ${package_dir})

file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/cairn.pc.in cairn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cairn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET cairn)
  install(TARGETS cairn)
  # cairn_page(FILE DESTINATION OPTION): what `cairn help OPTION` prints becomes a file.
  function(cairn_page name destination option)
    set(file ${PROJECT_BINARY_DIR}/pages/${name})
    add_custom_command(OUTPUT ${file} COMMAND cairn help ${option} > ${file} DEPENDS cairn VERBATIM)
    set_property(GLOBAL APPEND PROPERTY cairn_pages ${file})
    install(FILES ${file} DESTINATION ${destination} RENAME ${ARGN})
  endfunction()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/pages)
  cairn_page(cairn.1 ${CMAKE_INSTALL_MANDIR}/man1 --man cairn.1)
  cairn_page(cairn.bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions --bash-completion cairn)
  cairn_page(cairn.zsh ${CMAKE_INSTALL_DATADIR}/zsh/site-functions --zsh-completion _cairn)
  get_property(pages GLOBAL PROPERTY cairn_pages)
  add_custom_target(cairn_pages ALL DEPENDS ${pages})
endif()
