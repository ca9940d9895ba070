# Vega and Vega-Lite, which draw the pictures of reports, as one script: CARBONEDGE_PLOT_SCRIPT. scripts/install_plot_library gets them.
# An optional input: without it everything is built, and reports say that their pictures are missing.
set(CARBONEDGE_PLOT_LIBRARY "${CMAKE_SOURCE_DIR}/build/plot_library" CACHE PATH "Folder that scripts/install_plot_library filled")
set(CARBONEDGE_PLOT_SCRIPT "${CMAKE_CURRENT_BINARY_DIR}/plot_library.js")
set(plot_parts vega.min.js vega-lite.min.js vega-interpreter.js LICENSE.vega LICENSE.vega-lite LICENSE.d3)
list(TRANSFORM plot_parts PREPEND "${CARBONEDGE_PLOT_LIBRARY}/")

set(CARBONEDGE_HAS_PLOT_LIBRARY ON CACHE INTERNAL "Whether reports can draw pictures")
foreach(part IN LISTS plot_parts)
  if(NOT EXISTS "${part}")
    set(CARBONEDGE_HAS_PLOT_LIBRARY OFF CACHE INTERNAL "")
  endif()
endforeach()
# Run again when it comes or goes.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${plot_parts})

if(CARBONEDGE_HAS_PLOT_LIBRARY)
  add_custom_command(
    OUTPUT "${CARBONEDGE_PLOT_SCRIPT}"
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${CARBONEDGE_PLOT_LIBRARY} -DOUTPUT=${CARBONEDGE_PLOT_SCRIPT} -P
            "${CMAKE_SOURCE_DIR}/cmake/plot_library_script.cmake"
    DEPENDS ${plot_parts} "${CMAKE_SOURCE_DIR}/cmake/plot_library_script.cmake"
    VERBATIM)
  foreach(licence IN ITEMS LICENSE.vega LICENSE.vega-lite LICENSE.d3)
    install(FILES "${CARBONEDGE_PLOT_LIBRARY}/${licence}" DESTINATION ${CMAKE_INSTALL_DOCDIR})
  endforeach()
else()
  message(STATUS "No plot library: reports have no pictures (scripts/install_plot_library gets it)")
  file(WRITE "${CARBONEDGE_PLOT_SCRIPT}" "")
endif()
