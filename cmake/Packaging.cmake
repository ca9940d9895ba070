# What is installed besides the programs: pages, man pages and bash completion, all from docs/cli/*.md and the programs' own -h;
# and the .deb that cpack makes of it.
find_program(CARBONEDGE_LOWDOWN lowdown)

# carbonedge_pages(tool ...): for each tool that exists, a man page from its page.
function(carbonedge_pages)
  set(man_pages)
  foreach(tool IN LISTS ARGN)
    if(NOT TARGET carbonedge_tool_${tool})
      continue()
    endif()
    get_target_property(program carbonedge_tool_${tool} OUTPUT_NAME)
    set(page "${CMAKE_SOURCE_DIR}/docs/cli/${tool}.md")
    install(FILES "${page}" DESTINATION ${CMAKE_INSTALL_DOCDIR}/cli)
    if(CARBONEDGE_LOWDOWN)
      set(man_page "${CMAKE_BINARY_DIR}/man/${program}.1")
      add_custom_command(
        OUTPUT "${man_page}"
        COMMAND "${CMAKE_SOURCE_DIR}/scripts/man_page" "${CARBONEDGE_LOWDOWN}" "${program}" "${PROJECT_VERSION}" "${page}" "${man_page}"
        DEPENDS "${page}" "${CMAKE_SOURCE_DIR}/scripts/man_page"
        VERBATIM)
      list(APPEND man_pages "${man_page}")
      install(FILES "${man_page}" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    endif()
  endforeach()
  add_custom_target(man_pages ALL DEPENDS ${man_pages})
endfunction()

# carbonedge_completion(tool ...): one completion file for all of them, from the lists that -h prints.
function(carbonedge_completion)
  set(programs)
  set(targets)
  foreach(tool IN LISTS ARGN)
    if(TARGET carbonedge_tool_${tool})
      list(APPEND programs "$<TARGET_FILE:carbonedge_tool_${tool}>")
      list(APPEND targets carbonedge_tool_${tool})
    endif()
  endforeach()
  set(completion "${CMAKE_BINARY_DIR}/completion/carbonedge")
  add_custom_command(
    OUTPUT "${completion}"
    COMMAND "${CMAKE_SOURCE_DIR}/scripts/bash_completion" "${completion}" ${programs}
    DEPENDS ${targets} "${CMAKE_SOURCE_DIR}/scripts/bash_completion"
    VERBATIM)
  add_custom_target(completion ALL DEPENDS "${completion}")
  install(FILES "${completion}" DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  # bash-completion loads the file named after the program that is typed.
  foreach(program IN LISTS targets)
    get_target_property(name ${program} OUTPUT_NAME)
    if(NOT name STREQUAL "carbonedge")
      install(CODE "file(CREATE_LINK carbonedge \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/bash-completion/completions/${name}\" SYMBOLIC)")
    endif()
  endforeach()
endfunction()

set(tools carbonedge profile partition plan run report)
carbonedge_pages(${tools})
if(NOT CARBONEDGE_SANITIZE)  # it runs the programs
  carbonedge_completion(${tools})
endif()
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY schemas/ DESTINATION ${CMAKE_INSTALL_DATADIR}/carbonedge/schemas FILES_MATCHING PATTERN "*.schema.json")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME carbonedge)
set(CPACK_PACKAGE_VENDOR "carbonedge")
set(CPACK_PACKAGE_CONTACT "the carbonedge authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "the carbonedge authors <carbonedge@localhost>")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# LibTorch's BLAS is loaded through the alternatives, where dpkg-shlibdeps cannot see that reference BLAS would be 16 times slower.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libopenblas0-pthread")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-torchvision")
include(CPack)
