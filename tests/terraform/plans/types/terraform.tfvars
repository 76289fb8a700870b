m = { a = "over", c = 3 }
