any = { x = [] }
