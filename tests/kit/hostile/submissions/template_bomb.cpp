// A type whose name doubles 26 times, to be written out: 3 GB of compiler. (It would come to its
// end after some seconds.)
template <typename One, typename Other>
struct Pair {};

template <int Depth>
struct Tree {
  using Type = Pair<typename Tree<Depth - 1>::Type, typename Tree<Depth - 1>::Type>;
};

template <>
struct Tree<0> {
  using Type = int;
};

template <typename Type>
unsigned long length() {
  return sizeof __PRETTY_FUNCTION__;
}

int main() {
  return length<Tree<26>::Type>() == 0 ? 0 : 1;
}
