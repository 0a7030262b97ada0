// Package region knows the official names of Korea's provinces, and of the cities, counties and districts in them.
package region

import (
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// The list is that of 2024: 17 provinces. A city that has districts stands there alone and with each of them.
//
//go:embed regions.csv
var regionsCSV string

// official holds the districts by province; districts with one space between words.
var official = mustRead(regionsCSV)

// short leads from the short and former names of provinces to the official ones.
var short = map[string]string{
	"서울": "서울특별시", "서울시": "서울특별시",
	"부산": "부산광역시", "부산시": "부산광역시", "부산직할시": "부산광역시",
	"대구": "대구광역시", "대구시": "대구광역시", "대구직할시": "대구광역시",
	"인천": "인천광역시", "인천시": "인천광역시", "인천직할시": "인천광역시",
	"광주": "광주광역시", "광주시": "광주광역시", "광주직할시": "광주광역시",
	"대전": "대전광역시", "대전시": "대전광역시", "대전직할시": "대전광역시",
	"울산": "울산광역시", "울산시": "울산광역시",
	"세종": "세종특별자치시", "세종시": "세종특별자치시",
	"경기": "경기도",
	"강원": "강원특별자치도", "강원도": "강원특별자치도",
	"충북": "충청북도", "충북도": "충청북도",
	"충남": "충청남도", "충남도": "충청남도",
	"전북": "전북특별자치도", "전북도": "전북특별자치도", "전라북도": "전북특별자치도",
	"전남": "전라남도", "전남도": "전라남도",
	"경북": "경상북도", "경북도": "경상북도",
	"경남": "경상남도", "경남도": "경상남도",
	"제주": "제주특별자치도", "제주도": "제주특별자치도",
}

func mustRead(text string) map[string][]string {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		panic("region: the embedded list cannot be read: " + err.Error())
	}
	regions := map[string][]string{}
	for _, row := range rows[1:] {
		province, district := row[0], row[1]
		if district == "" {
			regions[province] = nil // a province without districts
			continue
		}
		regions[province] = append(regions[province], district)
	}
	return regions
}

// Province returns the official name of a province given by that name or a common short form ("서울", "전라북도").
// Spaces do not matter.
func Province(s string) (name string, ok bool) {
	s = unspaced(s)
	if name, ok = short[s]; ok {
		return name, true
	}
	if _, ok = official[s]; !ok {
		return "", false
	}
	return s, true
}

// District returns the official name of a city, county or district in a province, which is given by its official name;
// "" stands for any province. Spaces do not matter: "수원시장안구" is "수원시 장안구".
func District(province, s string) (name string, ok bool) {
	s = unspaced(s)
	if s == "" {
		return "", false
	}
	if province != "" {
		return find(official[province], s)
	}
	for _, districts := range official {
		if name, ok = find(districts, s); ok {
			return name, true
		}
	}
	return "", false
}

func find(districts []string, s string) (name string, ok bool) {
	i := slices.IndexFunc(districts, func(d string) bool { return strings.ReplaceAll(d, " ", "") == s })
	if i < 0 {
		return "", false
	}
	return districts[i], true
}

// townEndings are what names of towns, townships, villages and city wards end with.
var townEndings = []string{"동", "읍", "면", "리", "가", "로"}

// Town tells whether a name ends as names of towns do. There is no list of them.
func Town(s string) bool {
	s = unspaced(s)
	for _, ending := range townEndings {
		if rest, ok := strings.CutSuffix(s, ending); ok {
			return rest != ""
		}
	}
	return false
}

func unspaced(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), "") }
