// Writes `types.txt`: how the types of k8s.io/api look in protobuf, read from their Go struct tags.
//
//	cd server/proto && go run . > types.txt
package main

import (
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var special = map[reflect.Type]string{
	reflect.TypeOf(metav1.Time{}):           "time",
	reflect.TypeOf(metav1.MicroTime{}):      "microtime",
	reflect.TypeOf(resource.Quantity{}):     "quantity",
	reflect.TypeOf(intstr.IntOrString{}):    "intorstring",
	reflect.TypeOf(runtime.RawExtension{}):  "raw",
	reflect.TypeOf(metav1.FieldsV1{}):       "raw",
}

var messages = map[string]string{}

func main() {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme,
		autoscalingv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme,
		coordinationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme,
		networkingv1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme,
		schedulingv1.AddToScheme, storagev1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	var roots []string
	for gvk, of := range scheme.AllKnownTypes() {
		meta := strings.Contains(of.PkgPath(), "apis/meta/")
		if gvk.Version == "__internal" || strings.HasSuffix(gvk.Kind, "List") || meta {
			continue
		}
		roots = append(roots, fmt.Sprintf("root %s %s %s", gvk.GroupVersion(), gvk.Kind, message(of)))
	}
	roots = append(roots, "root * DeleteOptions "+message(reflect.TypeOf(metav1.DeleteOptions{})))
	sort.Strings(roots)
	var names []string
	for name := range messages {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Println("# How the types of k8s.io/api v0.33.1 look in protobuf. Written by main.go, not by hand.")
	fmt.Println(strings.Join(roots, "\n"))
	for _, name := range names {
		fmt.Print("message ", name, "\n", messages[name])
	}
}

// message notes the fields of a struct, and gives back its name.
func message(of reflect.Type) string {
	parts := strings.Split(of.PkgPath(), "/")
	name := strings.Join(parts[len(parts)-2:], ".") + "." + of.Name()
	if _, known := messages[name]; known {
		return name
	}
	messages[name] = ""
	var fields strings.Builder
	for i := range of.NumField() {
		field := of.Field(i)
		tag := field.Tag.Get("protobuf")
		if tag == "" || tag == "-" {
			continue
		}
		json := strings.Split(field.Tag.Get("json"), ",")
		number := strings.Split(tag, ",")[1]
		kind, called := kind(field.Type), json[0]
		if called == "" {
			called = "-"
		}
		// What is left out where it is empty, and what is said all the same.
		omitted := len(json) > 1 && json[1] == "omitempty"
		if field.Type.Kind() == reflect.Pointer || !omitted {
			kind = "*" + kind
		}
		fmt.Fprintf(&fields, "%s %s %s\n", number, called, kind)
	}
	messages[name] = fields.String()
	return name
}

func kind(of reflect.Type) string {
	if name, known := special[of]; known {
		return name
	}
	switch of.Kind() {
	case reflect.Pointer:
		return kind(of.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint16:
		return "int"
	case reflect.Map:
		return "{}" + kind(of.Elem())
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		if of.Name() == "ExtraValue" {
			return "items"
		}
		return "[]" + kind(of.Elem())
	case reflect.Struct:
		return message(of)
	}
	panic("a kind of its own: " + of.String())
}
