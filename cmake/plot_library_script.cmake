# One script of Vega, Vega-Lite and Vega's interpreter of expressions, which comes as a module: its import and export become plain
# assignments, so that a page needs neither modules nor eval.
file(READ "${FOLDER}/vega.min.js" vega)
file(READ "${FOLDER}/vega-lite.min.js" vega_lite)
file(READ "${FOLDER}/vega-interpreter.js" interpreter)
# file(STRINGS) and lists would eat brackets and semicolons; replace() on whole texts does not.
string(REPLACE "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';" "const { ascending, isString, DisallowedObjectProperties } = vega;"
               changed "${interpreter}")
string(REPLACE "export { expression as expressionInterpreter };" "return { expressionInterpreter: expression };" changed "${changed}")
string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" changed "${changed}")
string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" vega "${vega}")
string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" vega_lite "${vega_lite}")
if(changed MATCHES "(^|\n)(import|export) ")
  message(FATAL_ERROR "vega-interpreter.js is not of the version that this was written for")
endif()
foreach(licence IN ITEMS LICENSE.vega LICENSE.vega-lite LICENSE.d3)
  file(READ "${FOLDER}/${licence}" text)
  string(APPEND licences "${text}\n")
endforeach()
set(script "/*! Vega, Vega-Lite and, inside them, parts of D3:\n${licences}*/\n${vega}\n${vega_lite}\nconst vegaInterpreter = (() => {\n${changed}\n})();\n")
# Inside <script> these would end it or change how it is read.
if(script MATCHES "</script|<!--")
  message(FATAL_ERROR "the plot library cannot stand in a page: it holds </script or <!--")
endif()
file(WRITE "${OUTPUT}" "${script}")
