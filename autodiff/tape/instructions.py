"""The machine's instructions.

Holds: their numbers, by name, and how many numbers each consists of: first the operation and how
many members its group has, `operation | members << 8`, then what stands beside it here.  a, b, d,
r, x and y are rows, p a place in the list of rows, c a constant's number, w how many operands each
member has, f which function.

Imports nothing.
"""

ADD = 0  # d a b: V[d] = V[a] + V[b]
SUB = 1  # d a b
MUL = 2  # d a b
DIV = 3  # d a b
ADD_CONSTANT = 4  # d a c: V[d] = V[a] + C[c]
MUL_CONSTANT = 5  # d a c
IF_LESS = 6  # d a b x y: V[d] = V[x] if V[a] < V[b] else V[y]
IF_LESS_EQUAL = 7  # d a b x y
WHERE = 8  # d c x y: V[d] = V[x] if V[c] else V[y]
UNARY = 9  # d a f: V[d] = f(V[a])
BINARY = 10  # d a b f: V[d] = f(V[a], V[b])
FILL = 11  # d c: V[d] = C[c]
GATHER = 12  # d p: rows from anywhere, listed from p, side by side from d
SUM = 13  # d p w: sums of w rows and numbers each
DOT = 14  # d p w: sums of w products each
DOT_ONE = 15  # d p w: the same for one example
DOT_FIXED = 16  # d p w: the same where one factor of each product is a number
FUSED = 17  # d a f: the value of rule f
ADJOINT = 18  # d a: A[d] += A[a]
ADJOINT_CONSTANT = 19  # d a c: A[d] += A[a] * C[c]
ADJOINT_TIMES = 20  # d a b: A[d] += A[a] * V[b]
SCATTER = 21  # a p w: A[rows listed from p] += A[a]
SCATTER_TIMES = 22  # a p b: A[rows listed from p] += A[a] * V[b]
DOT_ADJOINT = 23  # a p w h: reverse of DOT by the factors from h on
DOT_ONE_ADJOINT = 24  # a p w h
DOT_FIXED_G = 25  # a p w: reverse of DOT_FIXED by the numbers
DOT_FIXED_A = 26  # a p w: by the rows
FUSED_ADJOINT = 27  # d a x f: A[d] += A[a] * partial of rule f at V[x]
LOAD = 28  # the inputs become rows
STORE = 29  # r j: row r becomes result j
GUARD = 30  # d a b o: compares rows a and b, marks the examples that differ from o
START = 31  # n: A is 0 in n rows
SEED = 32  # r: A of row r is what each example starts from
TAKE = 33  # adjoints of the inputs become gradients
DOT_RUN_ADJOINT = 34  # a p w h: DOT_ONE_ADJOINT where each half stands side by side
DOT_RUN = 35  # d p w: DOT_ONE where each half stands side by side

OPCODES = {name: number for name, number in list(globals().items()) if name.isupper()}
LENGTHS = (
    4, 4, 4, 4, 4, 4, 6, 6, 5, 4, 5, 3, 3, 4, 4, 4, 4,
    4, 3, 4, 4, 4, 4, 5, 5, 4, 4, 5, 1, 3, 5, 2, 2, 1, 5, 4,
)  # fmt: skip
WORDS = max(LENGTHS)
