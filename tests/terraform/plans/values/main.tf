variable "deep" {
  type = object({
    a = optional(object({ b = optional(list(object({ c = optional(string, "dc"), d = optional(number) })), [{}]), e = optional(map(bool), { x = "true" }) }), {})
    f = optional(set(string), ["z", "a", "z"])
    g = optional(tuple([string, number]))
    h = optional(any, { k = 1 })
  })
  default = {}
}
variable "nn" {
  type     = object({ a = optional(string, "d") })
  nullable = false
  default  = { a = null }
}
variable "m" {
  type    = map(object({ p = optional(number, "8080"), q = optional(list(string), []) }))
  default = { a = {}, b = { p = 1 }, c = { p = null, q = null } }
}
variable "s" {
  type    = set(number)
  default = ["10", 9, 2]
}
variable "sec" {
  sensitive = true
  default   = "x"
}
resource "terraform_data" "deep" { input = var.deep }
resource "terraform_data" "nn" { input = var.nn }
resource "terraform_data" "m" { input = var.m }
resource "terraform_data" "s" { input = [for v in var.s : v] }
resource "terraform_data" "sens" { input = [nonsensitive(var.sec)] }
resource "terraform_data" "h" {
  input = <<-EOT
      a
        b ${join(",", [
"x", "y"])}
     %{for k, v in var.m~}
       ${k}=${v.p}
     %{endfor~}
      %{if true}yes%{else}no%{endif}
    	tab
  EOT
}
resource "terraform_data" "h2" {
  input = <<EOT
  keep
	${"a\tb"} $${x} %%{y}
EOT
}
resource "terraform_data" "strip" {
  input = "a  ${~"b"~}  c %{if false~} x %{else~} y %{~endif} z"
}
resource "terraform_data" "merge" {
  input = { a = merge({ a = 1 }, null, { a = "x", b = [1] }), b = concat([1], ["a"], tolist([true])), c = setunion(["a"], ["b", "a"]), d = [for x in { b = 1, a = 2 } : x], e = { for s in ["a", "b", "a"] : s => 1... } }
}
resource "terraform_data" "cond" {
  input = [true ? 1 : "a", false ? [1] : ["a"], true ? null : 1, true ? [] : [1], try({ a = 1 }.b, "n"), can({ a = 1 }.b)]
}
resource "terraform_data" "nums" {
  input = [1e3, 1.0, 0.1 + 0.2, 10 % 3, -5 % 3, 5.5 % 2, 1 / 3, 12345678901234567890, 1e20 + 1, floor(-1.5), ceil(1.2), pow(2, 0.5), log(8, 2), signum(-3), parseint("ff", 16), max(1, 2.5), min([3, 1]...), abs(-1.5), tonumber("1e2"), tostring(1.50), tostring(100000000000000000000000)]
}
resource "terraform_data" "uni" {
  input = [length("é日本"), upper("straße"), substr("日本語", 1, 1), title("hello wörld"), split("", "日é"), format("%q %5s|%-5s| %05d %x %e %v %#v %t", "é", "日", "本", 42, 255, 1.5, [1, null], { a = "b" }, true), lower("İ"), trimspace("\u00a0 x\u2003"), indent(2, "a\nb"), replace("aébé", "é", "x"), replace("abc", "/(b)/", "<$1>")]
}
resource "terraform_data" "bools" {
  input = [tobool("true"), "true" == true, 1 == "1", null == null, [] == [], {} == {}, tolist([]) == [], [1] == [1], true && "true", !false]
}
resource "terraform_data" "path" { input = [path.module, path.root, terraform.workspace] }
resource "terraform_data" "selfref" {
  input = [terraform_data.m.input.a.p, terraform_data.s.id, terraform_data.deep.output]
}
