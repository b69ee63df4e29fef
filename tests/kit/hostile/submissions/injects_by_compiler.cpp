// The same by the words of the compiler.
#include "bounded.hpp"

#error </pre></td><script>document.title='hostile'</script> ``` ]]> "," =1+1 | full | marks |
